import sys
import time

time.sleep(1)
if __name__ == "__main__":
    print(decode(encode("Romeo", get_vocab("Romeo")), get_vocab("Romeo")))
    sys.exit(0)

import gc
import logging
import warnings

logging.getLogger("charlm").debug("%d collected", gc.collect())
warnings.filterwarnings("default", module="charlm")

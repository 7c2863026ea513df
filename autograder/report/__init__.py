"""Pages with pictures: one self-contained HTML file each, without a script and without the network."""

"""One folder per cloud; `base` is the seam they share, `registry` finds them."""

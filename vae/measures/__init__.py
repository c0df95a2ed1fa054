"""From weights to numbers: what a model is worth, where its codes are, and what q(z|x) loses against p(z|x)."""

"""A run to take home: its weights and figures, and one Python file of plain torch that uses them."""

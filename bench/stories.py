"""Ideas of the bench's own."""

IDEAS = (
    "a lighthouse keeper's cat who counts the ships",
    "a snowman who wants to see the spring",
    "a girl who plants a button in the garden",
    "a tortoise who enters a kite race",
    "a teapot that is afraid of the dark cupboard",
    "a boy who teaches his shadow to dance",
    "a young whale who loses her song",
    "a mouse who bakes a cake for the moon",
    "a lantern that wants to follow the fireflies",
)

"""For scientists: pictures of every step, time-lapses, and how well a person's photos repeat."""

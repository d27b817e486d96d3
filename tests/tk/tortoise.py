"""A star, which stays until somebody ends it."""

import turtle

turtle.speed(0)
turtle.color("red", "yellow")
turtle.begin_fill()
for _ in range(36):
    turtle.forward(200)
    turtle.left(170)
turtle.end_fill()
turtle.write("drawn by a turtle", font=("DejaVu Sans", 18, "normal"))
turtle.mainloop()

"""Complex numbers: the Mandelbrot set, with the complex type and with pairs of floats."""

from common import main


def with_complex(size, limit):
    total = 0
    for row in range(size):
        for column in range(size):
            point = complex(column * 2.5 / size - 2.0, row * 2.0 / size - 1.0)
            value = 0j
            count = 0
            while abs(value) <= 2.0 and count < limit:
                value = value * value + point
                count += 1
            total += count
    return total


def with_floats(size, limit):
    total = 0
    for row in range(size):
        b = row * 2.0 / size - 1.0
        for column in range(size):
            a = column * 2.5 / size - 2.0
            x = y = 0.0
            for count in range(limit):
                square_x, square_y = x * x, y * y
                if square_x + square_y > 4.0:
                    total += count
                    break
                x, y = square_x - square_y + a, 2.0 * x * y + b
            else:
                total += limit
    return total


def work():
    return with_complex(40, 40) * 100000 + with_floats(48, 40)


if __name__ == "__main__":
    main(work, 2758839530)

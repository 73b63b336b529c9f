"""A reader of ThumbHash (Evan Wallace's format), enough to see that a placeholder shows its picture."""


def read(data):
    """(average red, green, blue in 0..255; width / height)"""
    assert 5 <= len(data) <= 25, len(data)
    header = int.from_bytes(data[:3], "little")
    more = int.from_bytes(data[3:5], "little")
    lightness = (header & 63) / 63
    yellow_blue = (header >> 6 & 63) / 31.5 - 1
    red_green = (header >> 12 & 63) / 31.5 - 1
    has_alpha, landscape = header >> 23 & 1, more >> 15
    blue = lightness - 2 / 3 * yellow_blue
    red = (3 * lightness - blue + red_green) / 2
    green = red - red_green
    most = 5 if has_alpha else 7
    columns, rows = (most, more & 7) if landscape else (more & 7, most)
    return [round(255 * min(1, max(0, value))) for value in (red, green, blue)], columns / rows

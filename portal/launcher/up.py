"""placeholder"""


def run(arguments):
    raise RuntimeError("x")

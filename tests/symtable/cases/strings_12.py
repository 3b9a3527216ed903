# Interpolations with the syntax of 3.12.
def f(a, b):
    x = f"{f"{a["k"]}"} {', '.join(f"{c!s:>{f"{b}"}}" for c in a)}"
    return f"{(lambda y: f"{x}{y}")(a)} {
        a  # a comment
        :{b}} {x:{x:{x}}}"

# Interpolations.
def f(a, b, c):
    x = f"{a} {b!r:>{c}} {d=} {(lambda: a)()} {{no}}" f'{e:%Y{g}}' "plain"
    y = f"""
    {
        [h for h in a]
    } {i[0]} {j.k} {l(m=n)}"""
    return lambda: f"{x}{y:{a}}"
rf"\d{o}"

# A comprehension in a class body does not reach the __class__ cell (3.12.1 says it does).
class A:
    x = [__class__ for _ in y]

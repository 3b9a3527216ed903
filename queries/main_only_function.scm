; if __name__ == "__main__":
;     def work(x): ...
; and the functions of a __main__.py
(function_definition) @callable

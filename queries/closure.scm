; pool.map(lambda x: x * k, xs)
(lambda) @callable

; def main(k):
;     def work(x): return x * k
(block [
  (function_definition) @callable
  (decorated_definition definition: (function_definition) @callable)
])

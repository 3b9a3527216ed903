; def main():
;     def work(x): ...
(block [
  (function_definition) @callable
  (decorated_definition definition: (function_definition) @callable)
])

; executor.submit(lambda: work(1))
(lambda) @callable

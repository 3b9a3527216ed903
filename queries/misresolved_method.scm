; pool.map(self.__work, xs)
; pool.map(super().work, xs)
(attribute attribute: (identifier) @name) @callable

"""A script without an entry-point guard."""
# methods: spawn
import multiprocessing as mp


def work():
    pass


process = mp.Process(target=work)
process.start()  # child: bootstrap SP301
process.join()
print(mp.parent_process() is None and process.exitcode)

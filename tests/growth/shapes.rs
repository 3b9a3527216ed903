//! Programs of any size, each of one shape.

use std::collections::BTreeMap;
use std::path::PathBuf;

type Files = BTreeMap<PathBuf, String>;

/// A shape of program.
pub(crate) struct Shape {
    pub(crate) name: &'static str,
    /// The smallest size; the largest is eight times that.
    pub(crate) size: usize,
    /// How much more work twice the program may be, where that is more than usual; the shape says why.
    pub(crate) twice: Option<f64>,
    pub(crate) make: fn(usize) -> Files,
}

const fn shape(name: &'static str, size: usize, make: fn(usize) -> Files) -> Shape {
    Shape { name, size, twice: None, make }
}

impl Shape {
    const fn at_most(mut self, twice: f64) -> Self {
        self.twice = Some(twice);
        self
    }
}

const HEAD: &str =
    "from concurrent.futures import ProcessPoolExecutor\nfrom multiprocessing import Process\n";

fn one(text: String) -> Files {
    Files::from([(PathBuf::from("main.py"), text)])
}

fn lines(count: usize, line: impl Fn(usize) -> String) -> String {
    (0..count).map(line).collect()
}

/// A script whose main function uses a pool, with `lines` in it.
fn pooled(before: &str, lines: &str) -> Files {
    one(format!(
        "{HEAD}{before}\ndef work(x):\n    return x\n\ndef main():\n    with ProcessPoolExecutor() as pool:\n        pool.submit(work, 1)\n{lines}\nif __name__ == \"__main__\":\n    main()\n"
    ))
}

pub(crate) const ALL: &[Shape] = &[
    shape("functions that do nothing with processes", 30, |n| {
        pooled(&lines(n, |i| format!("def f{i}(a, b):\n    c = a + b\n    return [c, {i}]\n")), "")
    }),
    shape("classes with methods", 20, |n| {
        pooled(
            &lines(n, |i| {
                format!(
                    "class C{i}:\n    def __init__(self, a):\n        self.a = a\n    def m(self):\n        return self.a\n"
                )
            }),
            "",
        )
    }),
    shape("lambdas that are submitted", 12, |n| {
        pooled("", &lines(n, |i| format!("        pool.submit(lambda: {i})\n")))
    }),
    shape("closures that are submitted", 6, |n| {
        pooled(
            &lines(n, |i| {
                format!(
                    "def job{i}(pool, k):\n    def inner(x):\n        return x + k + {i}\n    return pool.submit(inner, 1)\n"
                )
            }),
            &lines(n, |i| format!("        job{i}(pool, {i})\n")),
        )
    }),
    // Which of the lambdas a lookup gives is not told apart: each is asked for from each.
    shape("a dictionary of lambdas", 10, |n| {
        pooled(
            &format!("TABLE = {{\n{}}}\n", lines(n, |i| format!("    {i}: lambda x: x + {i},\n"))),
            "        pool.submit(TABLE[0], 1)\n",
        )
    })
    .at_most(3.3),
    shape("a list of numbers", 250, |n| {
        pooled(
            &format!("LIST = [{}]\n", lines(n, |i| format!("{i}, "))),
            "        pool.map(work, LIST)\n",
        )
    }),
    shape("a chain of functions to the dispatch", 12, |n| {
        let chain = lines(n, |i| format!("def f{i}(g):\n    return f{}(g)\n", i + 1));
        pooled(
            &format!("{chain}def f{n}(g):\n    return ProcessPoolExecutor().submit(g)\n"),
            "        f0(lambda: 1)\n",
        )
    }),
    shape("a function that is called from many places", 8, |n| {
        pooled(
            "def send(pool, what):\n    return pool.submit(what)\n",
            &lines(n, |i| format!("        send(pool, lambda: {i})\n")),
        )
    }),
    // The indentation alone grows with the square.
    shape("branches in each other", 5, |n| {
        pooled(
            "",
            &(lines(n, |i| format!("{}if work({i}):\n", " ".repeat(8 + i)))
                + &format!("{}pass\n", " ".repeat(8 + n))),
        )
    })
    .at_most(3.6),
    shape("branches beside each other", 30, |n| {
        pooled(
            "",
            &lines(n, |i| {
                format!(
                    "        if work({i}):\n            x = {i}\n        else:\n            x = None\n"
                )
            }),
        )
    }),
    // Each branch stands under the tests of all branches before it.
    shape("a chain of elif", 30, |n| {
        pooled(
            "",
            &format!(
                "        if work(0):\n            x = 1\n{}",
                lines(n, |i| format!("        elif work({i}):\n            x = {i}\n"))
            ),
        )
    })
    .at_most(3.9),
    shape("a sum of many parts", 100, |n| {
        pooled("", &format!("        x = 0{}\n", lines(n, |i| format!(" + {i}"))))
    }),
    shape("a variable that is bound again and again", 30, |n| {
        pooled(
            "",
            &("        f = work\n".to_owned()
                + &lines(n, |i| format!("        f = f if work({i}) else work\n"))
                + "        pool.submit(f, 1)\n"),
        )
    }),
    shape("calls of what a call gave", 20, |n| {
        pooled("", &format!("        x = work{}\n", lines(n, |i| format!("({i})"))))
    }),
    shape("attributes of attributes", 40, |n| {
        pooled("", &format!("        x = work{}\n", lines(n, |i| format!(".a{i}"))))
    }),
    shape("comments that switch rules off", 60, |n| {
        pooled("", &lines(n, |i| format!("        x{i} = {i}  # spawnsafe: ignore[SP101]\n")))
    }),
    shape("files that each have a pool", 4, |n| {
        (0..n)
            .map(|i| {
                let text = pooled("", "        pool.submit(lambda: 1)\n")
                    .remove(&PathBuf::from("main.py"));
                (PathBuf::from(format!("m{i}.py")), text.expect("the file"))
            })
            .collect()
    }),
    shape("files that import each other in a row", 4, |n| {
        let mut files: Files = (0..n)
            .map(|i| {
                let text = format!("from m{} import g as h\ndef g(f):\n    return h(f)\n", i + 1);
                (PathBuf::from(format!("m{i}.py")), text)
            })
            .collect();
        files.insert(
            format!("m{n}.py").into(),
            format!("{HEAD}def g(f):\n    return ProcessPoolExecutor().submit(f)\n"),
        );
        files.insert(
            "main.py".into(),
            "from m0 import g\nif __name__ == \"__main__\":\n    g(lambda: 1)\n".into(),
        );
        files
    }),
    // Each class has all above it in its order of resolution.
    shape("classes that inherit in a row", 12, |n| {
        pooled(
            &format!(
                "class C0:\n    def m(self):\n        return 0\n{}",
                lines(n, |i| format!("class C{}(C{i}):\n    pass\n", i + 1))
            ),
            &format!("        pool.submit(C{n}().m)\n"),
        )
    })
    .at_most(3.3),
    shape("decorators of one function", 12, |n| {
        pooled(
            &format!(
                "{}{}def decorated(x):\n    return x\n",
                lines(n, |i| format!("def d{i}(f):\n    return f\n")),
                lines(n, |i| format!("@d{i}\n"))
            ),
            "        pool.submit(decorated, 1)\n",
        )
    }),
    shape("a long string", 200, |n| {
        pooled(&format!("TEXT = '''\n{}'''\n", lines(n, |i| format!("line {i} of it\n"))), "")
    }),
    shape("cases of a match", 25, |n| {
        pooled(
            "",
            &format!(
                "        match work(1):\n{}",
                lines(n, |i| format!("            case [{i}, x]:\n                y = x\n"))
            ),
        )
    }),
    shape("attempts beside each other", 20, |n| {
        pooled(
            "",
            &lines(n, |i| {
                format!(
                    "        try:\n            x = work({i})\n        except ValueError as error:\n            x = error\n"
                )
            }),
        )
    }),
    shape("globals that a worker reads", 25, |n| {
        pooled(
            &format!(
                "{}def reads():\n    return [{}]\n",
                lines(n, |i| format!("G{i} = {i}\n")),
                lines(n, |i| format!("G{i}, "))
            ),
            "        pool.submit(reads)\n",
        )
    }),
    shape("variables that a closure captures", 6, |n| {
        pooled(
            "",
            &format!(
                "{}        pool.submit(lambda: [{}])\n",
                lines(n, |i| format!("        v{i} = work({i})\n")),
                lines(n, |i| format!("v{i}, "))
            ),
        )
    }),
    shape("statements that a guard takes", 25, |n| {
        one(format!(
            "{HEAD}def work(x):\n    return x\n{}Process(target=work, args=(1,)).start()\n",
            lines(n, |i| format!("print({i})\n"))
        ))
    }),
    shape("processes that are started", 12, |n| {
        pooled(
            "",
            &lines(n, |i| {
                format!(
                    "        p{i} = Process(target=lambda: work({i}))\n        p{i}.start()\n        p{i}.join()\n"
                )
            }),
        )
    }),
    shape("generators that feed each other", 10, |n| {
        pooled(
            "",
            &format!(
                "        g0 = iter([1])\n{}        pool.map(work, g{n})\n",
                lines(n, |i| format!("        g{} = (x for x in g{i})\n", i + 1))
            ),
        )
    }),
    shape("brackets in each other", 10, |n| {
        pooled("", &format!("        x = {}1{}\n", "[".repeat(n), "]".repeat(n)))
    }),
    shape("functions in each other", 4, |n| {
        pooled(
            "",
            &format!(
                "{}{}return 1\n",
                lines(n, |i| format!("{}def f{i}(a{i}):\n", " ".repeat(8 + i))),
                " ".repeat(8 + n)
            ),
        )
    }),
];

//! Where inputs come from: whole ones of each kind, and the ways to damage them.

use crate::case;
use proptest::prelude::*;
use std::sync::LazyLock;

/// What an input was before it was damaged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Python,
    /// Python in the encodings that its first line declares.
    Encoded,
    Diff,
    Journal,
}

static PYTHON: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    let cases = case::kinds().into_iter().flat_map(|kind| case::cases(&kind));
    let texts = cases.flat_map(|case| case.before().into_values());
    texts.filter(|text| !text.is_empty() && text.len() < 8_000).collect()
});

static ENCODED: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    let names = [
        "latin-1",
        "utf-8",
        "utf-8-sig",
        "cp1252",
        "shift_jis",
        "euc-jp",
        "gbk",
        "big5",
        "koi8-r",
        "utf-16",
        "utf-7",
        "ascii",
        "iso-8859-15",
        "mac-roman",
        "hz",
        "unknown",
    ];
    let heads = [
        "# -*- coding: {} -*-\n",
        "#!/usr/bin/python\n# vim: set fileencoding={} :\n",
        "\u{feff}# coding={}\r\n",
    ];
    let body = "x = 'é'\nfrom concurrent.futures import ProcessPoolExecutor\nProcessPoolExecutor().submit(lambda: 1)\n";
    let all = names.iter().flat_map(|name| heads.map(|head| head.replace("{}", name) + body));
    all.map(String::into_bytes).collect()
});

static DIFFS: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    let texts = [
        "diff --git a/a.py b/a.py\nindex 1..2 100644\n--- a/a.py\n+++ b/a.py\n@@ -1,2 +1,3 @@ def f():\n x\n-y\n+z\n+w\n\\ No newline at end of file\n",
        "diff --git a/old.py b/new.py\nsimilarity index 90%\nrename from old.py\nrename to new.py\n--- a/old.py\n+++ b/new.py\n@@ -1 +1 @@\n-a\n+b\n",
        "diff --git \"a/\\303\\244.py\" \"b/\\303\\244.py\"\nnew file mode 100644\n--- /dev/null\n+++ \"b/\\303\\244.py\"\n@@ -0,0 +1 @@\n+a\n",
        "diff --git a/b.bin b/b.bin\nBinary files a/b.bin and b/b.bin differ\n",
        "From 1 Mon Sep 17\nSubject: [PATCH] x\n\n---\n a.py | 2 +-\n\n--- a.py\t2020-01-01\n+++ a.py\t2020-01-02\n@@ -4294967295,1 +4294967295,1 @@\n-a\n+b\n-- \n2.1\n",
    ];
    texts.map(|text| text.as_bytes().to_vec()).to_vec()
});

static JOURNALS: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    let texts = [
        "{\"event\":\"open\",\"tool\":\"0.1.0\",\"configuration\":\"c\"}\n{\"event\":\"begin\",\"id\":\"a-1\"}\n{\"event\":\"write\",\"id\":\"a-1\",\"base\":\"0123\",\"paths\":[\"m.py\"]}\n",
        "{\"event\":\"begin\",\"id\":\"../x\"}\n{\"event\":\"end\",\"outcome\":{\"id\":\"../x\"},\"seconds\":1e400}\n",
        "{\"event\":\"open\"}\n\n{}\n[]\nnull\n{\"event\":1}\n{\"event\":\"begin\"",
    ];
    texts.map(|text| text.as_bytes().to_vec()).to_vec()
});

fn whole(kind: Kind) -> &'static [Vec<u8>] {
    match kind {
        Kind::Python => &PYTHON,
        Kind::Encoded => &ENCODED,
        Kind::Diff => &DIFFS,
        Kind::Journal => &JOURNALS,
    }
}

/// Pieces that mean something in one of the kinds, or to nobody.
const JUNK: &[&[u8]] = &[
    b"(",
    b")",
    b"[",
    b"{",
    b":",
    b"\n",
    b"\r",
    b"\t",
    b"    ",
    b"\x0c",
    b"\0",
    b"\xff",
    b"\xc3",
    b"\xe2\x80\xae",
    b"\\",
    b"\\\n",
    b"'",
    b"\"\"\"",
    b"f'{",
    b"}",
    b"#",
    b"lambda: ",
    b"lambda x=(yield): ",
    b"def f():\n",
    b"async def g(): await ",
    b"class C(metaclass=M):\n",
    b"global x\n",
    b"nonlocal y\n",
    b"yield ",
    b"*a, **k",
    b"x := ",
    b"match x:\n case _:\n  ",
    b"type X[T] = ",
    b"try:\n pass\nexcept* E:\n pass\n",
    b"del x\n",
    b"import a.b as c\n",
    b"from . import *\n",
    b"@d\n",
    b"if __name__ == '__main__':\n",
    b"@@ -1 +1 @@\n",
    b"--- a\n",
    b"+++ /dev/null\n",
    b"999999999999999999999",
    b"-1",
    b"\"\"",
    b"= ",
    b"[[executors]]\n",
    b"../",
    b"null",
];

/// One wound: a place, a length, a way, something to put there.
type Wound = (prop::sample::Index, usize, u8, prop::sample::Index);

fn wounded(mut data: Vec<u8>, (from, length, way, junk): &Wound, other: &[u8]) -> Vec<u8> {
    let start = from.index(data.len() + 1);
    let end = (start + length).min(data.len());
    let piece: Vec<u8> = match way % 6 {
        0 => Vec::new(),
        1 => data[start..end].repeat(2),
        2 => JUNK[junk.index(JUNK.len())].to_vec(),
        3 => [JUNK[junk.index(JUNK.len())], &data[start..end]].concat(),
        4 => data[start..end].iter().map(|byte| byte ^ 0x20).collect(),
        // A part of another input of the kind.
        _ => {
            let at = junk.index(other.len() + 1);
            other[at..(at + 4 * length).min(other.len())].to_vec()
        }
    };
    data.splice(start..end, piece);
    data
}

/// Inputs of the kind with a few wounds.
pub(crate) fn damaged(kind: Kind) -> impl Strategy<Value = Vec<u8>> {
    let wound =
        (any::<prop::sample::Index>(), 0_usize..40, any::<u8>(), any::<prop::sample::Index>());
    let wounds = proptest::collection::vec(wound, 0..5);
    (any::<prop::sample::Index>(), any::<prop::sample::Index>(), wounds).prop_map(
        move |(which, other, wounds)| {
            let (which, other) = (which.get(whole(kind)), other.get(whole(kind)));
            wounds.iter().fold(which.clone(), |data, wound| wounded(data, wound, other))
        },
    )
}

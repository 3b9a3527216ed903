//! The engine on damaged fixtures: it never panics, and what it writes settles.

use crate::case::{self, Files};
use crate::memory::Memory;
use proptest::prelude::*;
use spawnsafe::engine::{self, Options};
use spawnsafe::text::SourceFile;
use std::path::PathBuf;
use std::sync::{LazyLock, Once};

static PROGRAMS: LazyLock<Vec<String>> = LazyLock::new(|| {
    let cases = case::kinds().into_iter().flat_map(|kind| case::cases(&kind));
    let texts = cases
        .flat_map(|case| case.before().into_values())
        .filter_map(|bytes| String::from_utf8(bytes).ok());
    texts.filter(|text| text.len() < 20_000 && !text.is_empty()).collect()
});

/// The engine catches the panic of one file, as it must in use; here it shall not pass unseen.
static COUNT_PANICS: Once = Once::new();
static PANICS: std::sync::Mutex<Vec<String>> = std::sync::Mutex::new(Vec::new());

fn count_panics() {
    COUNT_PANICS.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if info.location().is_some_and(|place| place.file().starts_with("src/")) {
                PANICS.lock().expect("nobody panics while holding the list").push(info.to_string());
            }
            before(info);
        }));
    });
}

/// One way to damage a text: cut a piece out, repeat it, or put something in its place.
fn damage(text: &str, from: prop::sample::Index, length: usize, way: u8, junk: &str) -> String {
    // A text of nothing has one place, too: its end.
    let mut start = from.index(text.len() + 1);
    while !text.is_char_boundary(start) {
        start -= 1;
    }
    let mut end = (start + length).min(text.len());
    while !text.is_char_boundary(end) {
        end += 1;
    }
    let piece = match way % 4 {
        0 => String::new(),
        1 => text[start..end].repeat(2),
        2 => junk.to_owned(),
        _ => format!("{junk}{}", &text[start..end]),
    };
    format!("{}{piece}{}", &text[..start], &text[end..])
}

proptest! {
    #[test]
    fn damaged_programs(which in any::<prop::sample::Index>(), wounds in proptest::collection::vec((any::<prop::sample::Index>(), 0usize..40, any::<u8>(), junk()), 1..4)) {
        count_panics();
        let mut text = which.get(&PROGRAMS).clone();
        for (from, length, way, junk) in &wounds {
            text = damage(&text, *from, *length, *way, junk);
        }
        let path = PathBuf::from("main.py");
        let paths = std::slice::from_ref(&path);
        let options = Options { unsafe_fixes: true, threads: 1, ..Options::default() };
        let files = Memory(Files::from([(path.clone(), text.clone().into_bytes())]));
        let report = engine::fix(paths, &files, &options);
        let panics = std::mem::take(&mut *PANICS.lock().expect("nobody panics while holding the list"));
        prop_assert!(panics.is_empty(), "{}\n{text}", panics.join("\n"));
        for change in &report.changes {
            let again = SourceFile::from_text("main.py", change.after.clone());
            prop_assert!(spawnsafe::syntax::parse(&again.text).broken.is_empty(), "does not parse:\n{}\n---- from\n{text}", change.after);
            let files = Memory(Files::from([(path.clone(), change.after.clone().into_bytes())]));
            let second = engine::fix(paths, &files, &options);
            prop_assert!(second.changes.is_empty(), "a second run changes it again:\n{}\n---- from\n{text}", change.after);
        }
    }
}

fn junk() -> impl Strategy<Value = String> {
    proptest::sample::select(vec![
        "(",
        ")",
        ":",
        "\n",
        "    ",
        "lambda: ",
        "def f():\n",
        "x = ",
        "'",
        "\"\"\"",
        "é",
        ", *a",
        "global x\n",
        "await ",
        "yield ",
        "#",
    ])
    .prop_map(str::to_owned)
}

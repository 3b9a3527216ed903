//! Every command on the pages is understood, and the tutorial's do what it says.

use crate::{blocks, pages, root};
use std::process::Command;

const PROGRAM: &str = env!("CARGO_BIN_EXE_spawnsafe");

/// The command lines of a console block, comments taken off.
fn lines(block: &str) -> Vec<String> {
    let typed = block.lines().filter_map(|line| line.strip_prefix("$ "));
    typed.map(|line| line.split(" #").next().unwrap_or(line).trim().to_owned()).collect()
}

/// The part of a line that belongs to spawnsafe, with `--help` where its own arguments end.
fn asking(line: &str) -> String {
    let mut quote = None;
    let end = line.char_indices().find(|(_, c)| {
        match quote {
            None if "'\"".contains(*c) => quote = Some(*c),
            Some(open) if open == *c => quote = None,
            _ => {}
        }
        quote.is_none() && "|>;#".contains(*c)
    });
    let own = &line[..end.map_or(line.len(), |(at, _)| at)];
    match own.split_once(" -- ") {
        Some((own, rest)) => format!("{own} --help -- {rest}"),
        None => format!("{own} --help"),
    }
}

#[test]
fn every_command_is_understood() {
    let mut wrong = Vec::new();
    let mut seen = 0;
    for (path, text) in pages() {
        for line in blocks(&text, "console").into_iter().flat_map(lines) {
            let Some(arguments) = line.strip_prefix("spawnsafe ") else { continue };
            seen += 1;
            let script = format!("exec \"$PROGRAM\" {}", asking(arguments));
            let output = Command::new("sh")
                .args(["-c", &script])
                .env("PROGRAM", PROGRAM)
                .current_dir(root())
                .output()
                .expect("sh runs");
            if !output.status.success() {
                let said = String::from_utf8_lossy(&output.stderr).into_owned();
                wrong.push(format!("{}: {line}\n{said}", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(seen > 15, "only {seen} commands were found");
}

#[test]
fn the_tutorial_does_what_it_says() {
    let text = std::fs::read_to_string(root().join("docs/tutorial.md")).expect("the tutorial");
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("totals.py");
    let programs = blocks(&text, "python");
    std::fs::write(&file, programs[0]).expect("the program is written");
    // A folder with this name first on the PATH makes `spawnsafe` the program under test.
    let bin = folder.path().join("bin");
    std::fs::create_dir(&bin).expect("a folder");
    std::os::unix::fs::symlink(PROGRAM, bin.join("spawnsafe")).expect("a link");
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap_or_default());
    let run = |line: &str| {
        let output = Command::new("sh")
            .args(["-c", line])
            .current_dir(folder.path())
            .env("PATH", &path)
            .env("NO_COLOR", "1")
            .output()
            .expect("sh runs");
        let out = String::from_utf8_lossy(&output.stdout).into_owned();
        (output.status.code(), out, String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let typed: Vec<String> = blocks(&text, "console").into_iter().flat_map(lines).collect();
    let told = blocks(&text, "text");
    for (at, line) in typed.iter().enumerate() {
        let (code, out, errors) = run(line);
        match (at, line.as_str()) {
            (0, _) => {
                assert_eq!(code, Some(1), "{errors}");
                assert!(out.ends_with(told[0]), "{out}");
            }
            (_, "python3 totals.py") => {
                assert_eq!((code, out.as_str()), (Some(0), "60\n"), "{errors}");
            }
            (_, "spawnsafe fix --write totals.py") => {
                assert_eq!(code, Some(0), "{errors}");
                let after = std::fs::read_to_string(&file).expect("the program is read");
                assert_eq!(after, programs[1]);
            }
            _ => assert_eq!(code, Some(0), "{line}: {out}{errors}"),
        }
    }
}

#[test]
fn the_pictures_can_be_drawn() {
    let folder = tempfile::tempdir().expect("a folder");
    let output = Command::new(root().join("docs/pictures"))
        .arg(PROGRAM)
        .arg(folder.path())
        .output()
        .expect("python3 runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let demo = std::fs::read_to_string(folder.path().join("demo.svg")).expect("the picture");
    assert!(demo.contains(">SP103<") && demo.contains("spawnsafe&#160;fix"), "{demo}");
    for name in ["demo", "pipeline", "by-name"] {
        assert!(
            root().join(format!("docs/images/{name}.svg")).is_file(),
            "{name}.svg: run docs/pictures"
        );
    }
}

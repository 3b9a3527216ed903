//! The README's commands: they are run as they stand, apart from the release build.

use crate::read;
use std::path::Path;
use std::process::Command;

/// The commands of the README's console blocks, in their order, comments taken off.
fn commands() -> Vec<String> {
    let readme = read("README.md");
    let blocks = readme.split("```console\n").skip(1).filter_map(|tail| tail.split("```").next());
    let lines = blocks.flat_map(str::lines).filter_map(|line| line.strip_prefix("$ "));
    lines.map(|line| line.split(" #").next().unwrap_or(line).trim().to_owned()).collect()
}

/// The first command shows the diff of a fixture, whose result is golden: both must be the same.
#[test]
fn the_first_command_shows_a_diff() {
    let commands = commands();
    let words: Vec<&str> = commands[0]
        .strip_prefix("cargo run --release -- ")
        .expect("the first command runs the program")
        .split(' ')
        .collect();
    let example = words.last().expect("a path");
    // The example alone: here, all programs of the fixtures would be looked at with it.
    let tree = tempfile::tempdir().expect("a temporary folder");
    let copy = tree.path().join(example);
    std::fs::create_dir_all(copy.parent().expect("a folder")).expect("a writable folder");
    std::fs::copy(Path::new(env!("CARGO_MANIFEST_DIR")).join(example), copy).expect("a copy");
    let output = Command::new(env!("CARGO_BIN_EXE_spawnsafe"))
        .args(&words)
        .current_dir(tree.path())
        .output()
        .expect("the program starts");
    let (shown, said) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{}: {}\n{said}", commands[0], output.status);
    let after = read(&example.replace("before.py", "after.py"));
    let added: Vec<&str> = shown
        .lines()
        .filter_map(|line| line.strip_prefix('+'))
        .filter(|line| !line.starts_with("++"))
        .collect();
    assert!(
        !added.is_empty() && added.iter().all(|line| after.lines().any(|have| have == *line)),
        "the diff is not that of {example}:\n{shown}"
    );
}

#[test]
fn the_second_command_is_the_tests() {
    assert_eq!(commands()[1], "cargo test");
}

/// The other commands name subcommands and options that exist.
#[test]
fn all_commands_are_understood() {
    let mut wrong = Vec::new();
    for command in commands().iter().filter(|command| command.starts_with("spawnsafe ")) {
        let subcommand = command.split(' ').nth(1).unwrap_or_default();
        let help = Command::new(env!("CARGO_BIN_EXE_spawnsafe"))
            .args([subcommand, "--help"])
            .output()
            .expect("the program starts");
        if !help.status.success() {
            wrong.push(format!("{command}: no such subcommand"));
        }
        let help = String::from_utf8_lossy(&help.stdout).into_owned();
        for option in command.split(' ').filter(|word| word.starts_with("--")) {
            let name = option.split('=').next().unwrap_or(option);
            if !help.contains(name) {
                wrong.push(format!("{command}: {subcommand} has no {name}"));
            }
        }
    }
    crate::none(&wrong);
}

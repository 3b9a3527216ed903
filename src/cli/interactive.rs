//! `fix --interactive`: shows each fix and asks.

use crate::findings::{Finding, Fingerprint, Report};
use crate::output::{Style, diff, text};
use crate::text::EditSet;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, BufRead, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::Command;

/// What can be said to one fix; the key, and what it does.
const ANSWERS: &[(char, Answer, &str)] = &[
    ('y', Answer::Yes, "apply this fix"),
    ('n', Answer::No, "leave it out"),
    ('a', Answer::All, "apply this one and all that follow"),
    ('f', Answer::SkipFile, "leave out this one and all others in this file"),
    ('r', Answer::SkipRule, "leave out this one and all others of this rule"),
    ('e', Answer::Edit, "leave it out and open the place in $VISUAL or $EDITOR"),
    ('q', Answer::Quit, "leave out this one and all that follow, apply what was accepted"),
];

/// What a person said to one fix.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Answer {
    Yes,
    No,
    All,
    SkipFile,
    SkipRule,
    Edit,
    Quit,
}

/// What was asked, and what was said.
#[derive(Debug, Default)]
pub(crate) struct Questions {
    /// The fixes that are not wanted.
    pub(crate) declined: BTreeSet<Fingerprint>,
    asked: BTreeSet<Fingerprint>,
    files: BTreeSet<PathBuf>,
    rules: BTreeSet<&'static str>,
    /// `All` or `Quit`: what holds for the rest.
    standing: Option<Answer>,
}

impl Questions {
    /// Asks about every fix of `report` that `allowed` lets pass and that was not asked about before. `false` if a file
    /// was edited, so that there is another report to ask about. An end of the input declines the rest.
    pub(crate) fn ask(
        &mut self,
        report: &Report,
        allowed: impl Fn(&Finding) -> bool,
        style: &Style,
    ) -> io::Result<bool> {
        let mut open: Vec<&Finding> = Vec::new();
        for finding in report.findings.iter().filter(|finding| allowed(finding)) {
            // Findings with one name cannot be told apart when fixes are applied.
            if self.asked.insert(finding.fingerprint()) {
                open.push(finding);
            }
        }
        let count = open.len();
        for (number, finding) in open.iter().enumerate() {
            let answer = match self.standing_for(finding) {
                Some(answer) => answer,
                None => {
                    println!("{}\n", text::one(finding, report, style));
                    println!("{}", patch(finding, report, style));
                    Self::answer(number + 1, count, style)?
                }
            };
            match answer {
                Answer::Yes => {}
                Answer::All => self.standing = Some(Answer::All),
                Answer::No | Answer::Quit | Answer::SkipFile | Answer::SkipRule => {
                    self.declined.insert(finding.fingerprint());
                }
                Answer::Edit => {
                    self.declined.insert(finding.fingerprint());
                    edit(finding);
                    // What was not asked yet is asked about the new text.
                    for later in &open[number + 1..] {
                        self.asked.remove(&later.fingerprint());
                    }
                    return Ok(false);
                }
            }
            match answer {
                Answer::Quit => self.standing = Some(Answer::Quit),
                Answer::SkipFile => drop(self.files.insert((*finding.location.path).clone())),
                Answer::SkipRule => drop(self.rules.insert(finding.code)),
                _ => {}
            }
        }
        Ok(true)
    }

    /// What was said before and holds for this finding, too.
    fn standing_for(&self, finding: &Finding) -> Option<Answer> {
        if self.files.contains(&*finding.location.path) || self.rules.contains(finding.code) {
            return Some(Answer::No);
        }
        self.standing
    }

    fn answer(number: usize, count: usize, style: &Style) -> io::Result<Answer> {
        let keys: String = ANSWERS.iter().map(|(key, _, _)| format!("{key},")).collect();
        let bold = if style.color { anstyle::Style::new().bold() } else { anstyle::Style::new() };
        loop {
            print!("{bold}[{number}/{count}] Apply this fix? [{keys}?]{bold:#} ");
            io::stdout().flush()?;
            let Some(key) = key()? else {
                println!();
                return Ok(Answer::Quit);
            };
            match ANSWERS.iter().find(|(known, _, _)| *known == key.to_ascii_lowercase()) {
                Some((_, answer, _)) => return Ok(*answer),
                None => {
                    for (key, _, meaning) in ANSWERS {
                        println!("  {key}  {meaning}");
                    }
                    println!("  ?  show this help");
                }
            }
        }
    }
}

/// One key of a terminal, or the first letter of a line; none at the end of the input.
fn key() -> io::Result<Option<char>> {
    if io::stdin().is_terminal() {
        let key = console::Term::stdout().read_char()?;
        println!("{key}");
        return Ok(Some(key));
    }
    let mut line = String::new();
    if io::stdin().lock().read_line(&mut line)? == 0 {
        return Ok(None);
    }
    Ok(Some(line.trim().chars().next().unwrap_or('?')))
}

/// Opens the place of a finding in the person's editor and waits for the end of it.
fn edit(finding: &Finding) {
    let named = ["VISUAL", "EDITOR"].iter().find_map(|name| std::env::var(name).ok());
    let editor = named.filter(|text| !text.trim().is_empty()).unwrap_or_else(|| "vi".into());
    let mut words = editor.split_whitespace();
    let program = words.next().unwrap_or("vi");
    let (path, line) = (&finding.location.path, finding.location.start.line);
    let mut command = Command::new(program);
    command.args(words);
    let name = Path::new(program).file_stem().unwrap_or_default().to_string_lossy().into_owned();
    match name.as_str() {
        "code" | "codium" => command.args(["--wait", "--goto"]).arg(place(path, line)),
        "hx" | "helix" | "subl" | "zed" => command.arg(place(path, line)),
        _ => command.arg(format!("+{line}")).arg(path.as_path()),
    };
    if let Err(error) = command.status() {
        println!("{program} cannot be started: {error}");
    }
}

fn place(path: &Path, line: u32) -> String {
    format!("{}:{line}", path.display())
}

/// The patch of one fix alone, with control characters made harmless.
fn patch(finding: &Finding, report: &Report, style: &Style) -> String {
    let mut by_path: BTreeMap<&Path, EditSet> = BTreeMap::new();
    for edit in finding.fix().into_iter().flat_map(|fix| &fix.edits) {
        // Edits of one fix are disjoint; one that is not would be dropped by the engine as well.
        let _ = by_path.entry(&edit.path).or_default().add(edit.edit.clone());
    }
    let mut out = String::new();
    for (path, edits) in by_path {
        let Some(source) = report.sources.get(path) else { continue };
        let bytes = diff::unified_bytes(
            diff::header_path(path),
            source.text.as_bytes(),
            edits.apply(&source.text).as_bytes(),
        );
        for line in String::from_utf8_lossy(&bytes).lines() {
            out.push_str(&crate::output::plain::line(line));
            out.push('\n');
        }
    }
    if style.color {
        return String::from_utf8_lossy(&diff::colored(out.as_bytes())).into_owned();
    }
    out
}

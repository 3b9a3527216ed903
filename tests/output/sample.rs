//! Reports with everything that outputs must cope with.

use spawnsafe::findings::{
    Applicability, Change, FileEdit, FileError, Finding, Fix, Location, Reason, Refusal, Related,
    Remedy, Report, Severity, StartMethod, Summary,
};
use spawnsafe::output::Style;
use spawnsafe::text::{Edit, Place, SourceFile, Span};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A file with a blank in its name, CRLF, and characters of two, three and four bytes.
pub(crate) const SPACED: (&str, &str) = (
    "pkg/a b.py",
    "from concurrent.futures import ProcessPoolExecutor\r\npool = ProcessPoolExecutor()\r\nname = \"é€😀\"; pool.submit(lambda: work(1))\r\n",
);
/// A file whose lines try to break out of a log, a terminal and a comment.
pub(crate) const HOSTILE: (&str, &str) = (
    "pkg/évil.py",
    "x = '```' # ::error::pwned ##[add-mask]x\n\tpool.map(lambda x: '\x1b[31m%0A\u{202e}<b>|@all', xs)  # ]]> -->\ny = 2",
);

/// The bytes of `part` in `text`.
pub(crate) fn span_of(text: &str, part: &str) -> Span {
    let start = text.find(part).expect("the part is in the text");
    Span::new(start as u32, (start + part.len()) as u32)
}

/// A source by name and text.
pub(crate) fn source((path, text): (&str, &str)) -> Arc<SourceFile> {
    Arc::new(SourceFile::from_text(path, text))
}

/// A finding about `part` of `source`.
pub(crate) fn finding(
    source: &SourceFile,
    part: &str,
    severity: Severity,
    remedy: Remedy,
) -> Finding {
    Finding {
        code: "SP101",
        name: "lambda-callable",
        message: "lambda is sent to a worker of 'pool' (::error::<b>|`x` @all)".into(),
        location: Location::new(source, span_of(&source.text, part)),
        start_methods: StartMethod::ALL.to_vec(),
        severity,
        remedy,
        related: Vec::new(),
        context: "<module>".into(),
        subject: part.into(),
    }
}

/// A fix of `source` by replacements of parts of its text.
pub(crate) fn fix(source: &SourceFile, edits: &[(&str, &str)]) -> Fix {
    let path = Arc::new(source.path.clone());
    let edit = |(part, text): &(&str, &str)| FileEdit {
        path: path.clone(),
        edit: Edit::replace(span_of(&source.text, part), *text),
    };
    Fix {
        title: "pass 'work' itself".into(),
        applicability: Applicability::Safe,
        edits: edits.iter().map(edit).collect(),
        new_names: Vec::new(),
    }
}

/// A report with a fixed, a refused and a hanging finding, and two files that could not be done.
pub(crate) fn report() -> Report {
    let (spaced, hostile) = (source(SPACED), source(HOSTILE));
    let mut first = finding(
        &spaced,
        "lambda: work(1)",
        Severity::Warning,
        Remedy::Fix(fix(&spaced, &[("lambda: work(1)", "work, 1")])),
    );
    first.related.push(Related {
        location: Location::new(&spaced, span_of(&spaced.text, "pool = ProcessPoolExecutor()")),
        message: "the executor".into(),
    });
    let refusal = Refusal::new(
        Reason::GeneratorWorker,
        "the worker is a generator\u{1b}[0m",
        "return a list,\nthen iterate",
    );
    let second = finding(
        &hostile,
        "lambda x: '\x1b[31m%0A\u{202e}<b>|@all'",
        Severity::Critical,
        Remedy::Refused(refusal),
    );
    let third = finding(
        &hostile,
        "x = '```'",
        Severity::Error,
        Remedy::Refused(Refusal::new(Reason::OtherUse, "used elsewhere", "")),
    );
    let errors = vec![
        FileError {
            path: "pkg/broken,1.py".into(),
            place: Some(Place { line: 3, column: 7 }),
            message: "invalid syntax: 100%".into(),
        },
        FileError {
            path: "pkg/unread.py".into(),
            place: None,
            message: "cannot be read: permission denied".into(),
        },
    ];
    let sources: BTreeMap<PathBuf, Arc<SourceFile>> =
        [spaced, hostile].into_iter().map(|source| (source.path.clone(), source)).collect();
    let summary = Summary { files: 4, parsed: 2, findings: 3, fixable: 1, ..Summary::default() };
    Report { findings: vec![first, third, second], errors, sources, summary, ..Report::default() }
}

/// A report of many findings in one file.
pub(crate) fn flood(count: usize) -> Report {
    let line = |number: usize| format!("pool.submit(lambda: work({number:06}))\n");
    let source =
        Arc::new(SourceFile::from_text("flood.py", (0..count).map(line).collect::<String>()));
    let refusal = || Remedy::Refused(Refusal::new(Reason::OtherUse, "used elsewhere", ""));
    let template = finding(&source, "lambda: work(000000)", Severity::Warning, refusal());
    let findings = (0..count)
        .map(|number| {
            let mut finding = template.clone();
            finding.subject = format!("lambda: work({number:06})");
            let shift = (number * line(0).len()) as u32;
            finding.location.span =
                Span::new(finding.location.span.start + shift, finding.location.span.end + shift);
            (finding.location.start.line, finding.location.end.line) =
                (number as u32 + 1, number as u32 + 1);
            finding
        })
        .collect();
    Report {
        findings,
        sources: BTreeMap::from([(source.path.clone(), source.clone())]),
        ..Report::default()
    }
}

/// A change of a file with the given bytes.
pub(crate) fn change(path: &Path, bytes: &[u8], after: impl Fn(&str) -> String) -> Change {
    let before = Arc::new(SourceFile::decode(path, bytes.to_vec()).expect("the sample decodes"));
    let after = after(&before.text);
    Change { before, after }
}

/// How the report is shown: in the folder `sub` of the repository `/repo`.
pub(crate) fn style() -> Style {
    Style { cwd: "/repo/sub dir".into(), root: "/repo".into(), ..Style::default() }
}

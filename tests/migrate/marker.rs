//! A fixer that stands in for the rules: `bad(N)` becomes `good(N)`, `consent(N)` needs consent and
//! `refuse(N)` is refused. What the machinery around it does must not depend on which rules there are.

use spawnsafe::engine::Files;
use spawnsafe::findings::{
    Applicability, Change, FileEdit, FileError, Finding, Fingerprint, Fix, Location, Reason,
    Refusal, Remedy, Report, Severity, StartMethod,
};
use spawnsafe::migrate::{Fixer, Tree};
use spawnsafe::text::{Edit, SourceFile, Span};
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

pub(crate) struct Marker;

impl Fixer for Marker {
    fn fix(&self, tree: &Tree, skip: &BTreeSet<Fingerprint>) -> Result<Report, String> {
        let mut report = Report::default();
        for path in tree
            .files
            .iter()
            .filter(|path| path.extension().is_some_and(|extension| extension == "py"))
        {
            report.summary.files += 1;
            let source = tree.read(path).and_then(|bytes| SourceFile::decode(path, bytes));
            match source {
                Ok(source) => one(&Arc::new(source), skip, &mut report),
                Err(error) => report.errors.push(FileError {
                    path: path.clone(),
                    place: None,
                    message: error.to_string(),
                }),
            }
        }
        assert!(!tree.files.contains(Path::new("panic.py")), "the marker does not like panic.py");
        Ok(report)
    }
}

fn one(source: &Arc<SourceFile>, skip: &BTreeSet<Fingerprint>, report: &mut Report) {
    report.summary.parsed += 1;
    let mut after = source.text.clone();
    for (word, code, name) in [
        ("bad(", "SP101", "lambda-callable"),
        ("consent(", "SP106", "unpicklable-instance"),
        ("refuse(", "SP402", "lost-write"),
    ] {
        let mut from = 0;
        while let Some(at) = source.text[from..].find(word) {
            let start = from + at;
            let end = source.text[start..]
                .find(')')
                .map_or(source.text.len(), |length| start + length + 1);
            from = end;
            let subject = source.text[start..end].to_owned();
            let span = Span { start: start as u32, end: end as u32 };
            let finding = Finding {
                code,
                name,
                message: format!("'{subject}' cannot cross <processes> & \"such\""),
                location: Location::new(source, span),
                start_methods: StartMethod::ALL.to_vec(),
                severity: Severity::Error,
                remedy: remedy(source, word, &subject, span),
                related: Vec::new(),
                context: "<module>".into(),
                subject: subject.clone(),
            };
            if word == "bad(" && !skip.contains(&finding.fingerprint()) {
                after = after.replace(&subject, &format!("good({}", &subject[4..]));
                report.fixed.push(finding);
            } else {
                report.findings.push(finding);
            }
        }
    }
    if after != source.text {
        report.changes.push(Change { before: source.clone(), after });
    }
}

fn remedy(source: &SourceFile, word: &str, subject: &str, span: Span) -> Remedy {
    if word == "refuse(" {
        return Remedy::Refused(Refusal::new(
            Reason::NonlocalWrite,
            format!("'{subject}' writes <nonlocal>"),
            "return the value instead",
        ));
    }
    let applicability = if word == "bad(" { Applicability::Safe } else { Applicability::Unsafe };
    let edits = vec![FileEdit {
        path: Arc::new(source.path.clone()),
        edit: Edit::replace(span, format!("good({}", &subject[4..])),
    }];
    Remedy::Fix(Fix {
        title: format!("mend {subject}"),
        applicability,
        edits,
        new_names: Vec::new(),
    })
}

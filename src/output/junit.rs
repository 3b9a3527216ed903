//! JUnit XML: one suite a file, one failed case a finding.

use super::{plain, text};
use crate::findings::{Finding, Remedy, Report};
use quick_junit::{NonSuccessKind, TestCase, TestCaseStatus, TestSuite};
use std::collections::BTreeMap;
use std::path::Path;

/// The whole report; one passed case if there is nothing to say.
pub fn render(report: &Report) -> String {
    let mut suites: BTreeMap<&Path, TestSuite> = BTreeMap::new();
    let suite_of = |path: &Path| TestSuite::new(shown(path));
    for finding in &report.findings {
        let path = finding.location.path.as_path();
        suites.entry(path).or_insert_with(|| suite_of(path)).add_test_case(failure(finding));
    }
    for failed in &report.errors {
        let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
        status.set_message(failed.message.as_str()).set_description(text::error(failed));
        suites
            .entry(&failed.path)
            .or_insert_with(|| suite_of(&failed.path))
            .add_test_case(TestCase::new("spawnsafe.file-error", status));
    }
    let mut document = quick_junit::Report::new("spawnsafe");
    if suites.is_empty() {
        let mut suite = TestSuite::new("spawnsafe");
        suite.add_test_case(TestCase::new("no findings", TestCaseStatus::success()));
        document.add_test_suite(suite);
    }
    document.add_test_suites(suites.into_values());
    // Writing to memory does not fail, and the writer drops what XML cannot hold.
    document.to_string().unwrap_or_default()
}

/// A path on one line: XML makes a blank of a newline in an attribute, and a log may take the next line for a command.
fn shown(path: &Path) -> String {
    plain::line(&plain::path(path)).into_owned()
}

fn failure(finding: &Finding) -> TestCase {
    let place = finding.location.start;
    let remedy = match &finding.remedy {
        Remedy::Fix(fix) => format!("repair: {}", fix.title),
        Remedy::Refused(refusal) => format!("not rewritten: {}", refusal.detail),
    };
    let path = shown(&finding.location.path);
    let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
    status
        .set_message(plain::line(&finding.message).as_ref())
        .set_type(finding.code)
        .set_description(format!(
            "{path}:{}:{}: {}\n{}",
            place.line,
            place.column,
            plain::line(&finding.message),
            plain::line(&remedy)
        ));
    let mut case = TestCase::new(format!("spawnsafe.{}", finding.code), status);
    case.set_classname(path.strip_suffix(".py").unwrap_or(&path));
    case.extra.insert("line".into(), place.line.to_string().into());
    case.extra.insert("column".into(), place.column.to_string().into());
    case
}

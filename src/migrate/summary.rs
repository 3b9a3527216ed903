//! Numbers over many repositories. Two summaries add up to that of both runs: every field is a sum,
//! or a map of sums.

use super::outcome::{FileCounts, LineCounts, Outcome, RuleCounts, Status, Verdict};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Repositories, counted by how they ended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RepositoryCounts {
    /// All that were done.
    pub total: usize,
    /// With delivered changes.
    pub changed: usize,
    /// With nothing to change.
    pub unchanged: usize,
    /// Left alone: changes of their own.
    pub dirty: usize,
    /// Without a commit.
    pub empty: usize,
    /// Not to be done.
    pub failed: usize,
    /// Planned and not done yet.
    pub open: usize,
}

impl RepositoryCounts {
    /// How many ended so.
    pub fn of(&self, status: Status) -> usize {
        match status {
            Status::Changed => self.changed,
            Status::Unchanged => self.unchanged,
            Status::Dirty => self.dirty,
            Status::Empty => self.empty,
            Status::Failed => self.failed,
        }
    }
}

/// Findings, counted by what became of them: `found` is the sum of the others.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FindingCounts {
    /// All.
    pub found: usize,
    /// Mended by the delivered changes.
    pub fixed: usize,
    /// With a fix that needs `--unsafe-fixes`.
    pub needs_consent: usize,
    /// With a fix that the project's own check did not pass with.
    pub rejected: usize,
    /// Not rewritten.
    pub refused: usize,
}

/// The projects' own checks, counted by what they said.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct VerdictCounts {
    /// Passed with all fixes.
    pub passed: usize,
    /// Passed without some.
    pub reduced: usize,
    /// Passed with none.
    pub rejected: usize,
    /// Failed before any fix.
    pub broken_before: usize,
}

/// Numbers over many repositories.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// The version of this format.
    pub version: u32,
    /// How many repositories each version of spawnsafe did.
    pub tools: BTreeMap<String, usize>,
    /// How many repositories were done with each configuration, by its hash.
    pub configurations: BTreeMap<String, usize>,
    /// Repositories.
    pub repositories: RepositoryCounts,
    /// Files.
    pub files: FileCounts,
    /// Changed lines.
    pub lines: LineCounts,
    /// Findings.
    pub findings: FindingCounts,
    /// Findings by rule.
    pub rules: BTreeMap<String, RuleCounts>,
    /// Refused findings by the reason's id.
    pub refused: BTreeMap<String, usize>,
    /// Checks.
    pub verification: VerdictCounts,
    /// The time that the repositories took, one by one, in seconds. The only number that differs
    /// between two runs of the same input; zero with `--no-timings`.
    pub seconds: f64,
}

impl Summary {
    /// The summary of repositories that were all done by the same tool and configuration.
    pub fn of(outcomes: &[&Outcome], tool: &str, configuration: &str, seconds: f64) -> Self {
        let mut summary = Self { version: 1, ..Self::default() };
        for outcome in outcomes {
            summary.count(outcome);
            *summary.tools.entry(tool.to_owned()).or_default() += 1;
            *summary.configurations.entry(configuration.to_owned()).or_default() += 1;
        }
        summary.seconds = (seconds * 1000.0).round() / 1000.0;
        summary
    }

    fn count(&mut self, outcome: &Outcome) {
        self.repositories.total += 1;
        *match outcome.status {
            Status::Changed => &mut self.repositories.changed,
            Status::Unchanged => &mut self.repositories.unchanged,
            Status::Dirty => &mut self.repositories.dirty,
            Status::Empty => &mut self.repositories.empty,
            Status::Failed => &mut self.repositories.failed,
        } += 1;
        self.files.add(outcome.files);
        self.lines.added += outcome.lines.added;
        self.lines.removed += outcome.lines.removed;
        for (code, rule) in &outcome.rules {
            self.findings.count(rule);
            add_counts(&mut self.refused, &rule.refused);
            self.rules.entry(code.clone()).or_default().add(rule);
        }
        if let Some(verification) = &outcome.verification {
            *match verification.verdict {
                Verdict::Passed => &mut self.verification.passed,
                Verdict::Reduced => &mut self.verification.reduced,
                Verdict::Rejected => &mut self.verification.rejected,
                Verdict::BrokenBefore => &mut self.verification.broken_before,
            } += 1;
        }
    }

    /// Adds another run's numbers to these.
    pub fn add(&mut self, other: &Self) {
        self.version = self.version.max(other.version);
        add_counts(&mut self.tools, &other.tools);
        add_counts(&mut self.configurations, &other.configurations);
        let (mine, theirs) = (&mut self.repositories, &other.repositories);
        mine.total += theirs.total;
        mine.changed += theirs.changed;
        mine.unchanged += theirs.unchanged;
        mine.dirty += theirs.dirty;
        mine.empty += theirs.empty;
        mine.failed += theirs.failed;
        mine.open += theirs.open;
        self.files.add(other.files);
        self.lines.added += other.lines.added;
        self.lines.removed += other.lines.removed;
        self.findings.found += other.findings.found;
        self.findings.fixed += other.findings.fixed;
        self.findings.needs_consent += other.findings.needs_consent;
        self.findings.rejected += other.findings.rejected;
        self.findings.refused += other.findings.refused;
        for (code, rule) in &other.rules {
            self.rules.entry(code.clone()).or_default().add(rule);
        }
        add_counts(&mut self.refused, &other.refused);
        self.verification.passed += other.verification.passed;
        self.verification.reduced += other.verification.reduced;
        self.verification.rejected += other.verification.rejected;
        self.verification.broken_before += other.verification.broken_before;
        self.seconds = ((self.seconds + other.seconds) * 1000.0).round() / 1000.0;
    }

    /// As JSON, one field a line.
    pub fn to_json(&self) -> Result<String, String> {
        serde_json::to_string_pretty(self)
            .map(|text| format!("{text}\n"))
            .map_err(|error| error.to_string())
    }
}

impl FileCounts {
    fn add(&mut self, other: Self) {
        self.seen += other.seen;
        self.parsed += other.parsed;
        self.changed += other.changed;
        self.failed += other.failed;
    }
}

impl RuleCounts {
    fn add(&mut self, other: &Self) {
        other.name.clone_into(&mut self.name);
        self.found += other.found;
        self.fixed += other.fixed;
        self.needs_consent += other.needs_consent;
        self.rejected += other.rejected;
        add_counts(&mut self.refused, &other.refused);
    }

    /// Findings that are not rewritten.
    pub fn refused_total(&self) -> usize {
        self.refused.values().sum()
    }
}

impl FindingCounts {
    fn count(&mut self, rule: &RuleCounts) {
        self.found += rule.found;
        self.fixed += rule.fixed;
        self.needs_consent += rule.needs_consent;
        self.rejected += rule.rejected;
        self.refused += rule.refused_total();
    }
}

fn add_counts(into: &mut BTreeMap<String, usize>, from: &BTreeMap<String, usize>) {
    for (key, count) in from {
        *into.entry(key.clone()).or_default() += count;
    }
}

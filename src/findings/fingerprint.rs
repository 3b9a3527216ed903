//! Short names of findings that stay the same when lines move: for baselines, code scanning and
//! review bots.

use super::{Finding, Fingerprint};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::path::Path;

/// One name in hexadecimal digits for each finding, in the order of `findings`.
///
/// A name is made of code, path, enclosing function and the text in question. Findings that share
/// all of them are numbered from top to bottom. `path_text` writes a path the same way on every
/// machine, that is from the root of the repository and with slashes.
pub fn names(findings: &[Finding], path_text: impl Fn(&Path) -> String) -> Vec<String> {
    let mut order: Vec<usize> = (0..findings.len()).collect();
    order.sort_by_key(|&index| {
        (findings[index].location.path.clone(), findings[index].location.span)
    });
    let mut seen: BTreeMap<Fingerprint, u32> = BTreeMap::new();
    let mut names = vec![String::new(); findings.len()];
    for index in order {
        let fingerprint = findings[index].fingerprint();
        let ordinal = seen.entry(fingerprint.clone()).or_insert(0);
        *ordinal += 1;
        names[index] = name(&fingerprint, &path_text(&fingerprint.path), *ordinal);
    }
    names
}

fn name(fingerprint: &Fingerprint, path: &str, ordinal: u32) -> String {
    let mut hasher = Sha256::new();
    for part in
        [fingerprint.code, path, &fingerprint.context, &fingerprint.subject, &ordinal.to_string()]
    {
        // The length keeps neighbours apart: ("ab", "c") is not ("a", "bc").
        hasher.update((part.len() as u64).to_le_bytes());
        hasher.update(part.as_bytes());
    }
    hasher.finalize().iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}

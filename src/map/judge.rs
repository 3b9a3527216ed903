//! Which finding belongs to which place, and what that makes of the place.

use super::survey::Surveyed;
use super::{Map, Place, Verdict};
use crate::findings::{Finding, Location};

/// The map of all `surveyed` places, judged by the findings of the report.
pub fn judge(mut surveyed: Vec<Surveyed>, findings: &[Finding]) -> Map {
    surveyed.sort_by(|left, right| left.place.location.cmp(&right.place.location));
    let mut apart = Vec::new();
    for (at, finding) in findings.iter().enumerate() {
        let homes = homes(finding, &surveyed);
        if homes.is_empty() {
            apart.push(at);
        }
        for home in homes {
            surveyed[home].place.findings.push(at);
        }
    }
    let places = surveyed.into_iter().map(|one| judged(one.place, findings)).collect();
    Map { places, apart }
}

fn judged(place: Place, findings: &[Finding]) -> Place {
    let mut codes: Vec<&str> = place.findings.iter().map(|at| findings[*at].code).collect();
    codes.sort_unstable();
    codes.dedup();
    if codes.is_empty() {
        return place;
    }
    let first = &findings[place.findings[0]];
    let reason = match codes.as_slice() {
        [_] if place.findings.len() == 1 => format!("{}: {}", first.code, first.message),
        _ => format!("{}: {} (and more)", codes.join(", "), first.message),
    };
    Place { verdict: Verdict::Faulty, reason, ..place }
}

/// The places that a finding belongs to, by the nearest tie that there is: what is handed over, the call around it, what
/// is sent, a related place, the code that workers run, the file whose import the finding is about. Calls whose receiver
/// is not known have none: findings speak of known APIs only.
fn homes(finding: &Finding, surveyed: &[Surveyed]) -> Vec<usize> {
    let all = |fits: &dyn Fn(&Surveyed) -> bool| -> Vec<usize> {
        let known = surveyed.iter().enumerate().filter(|(_, one)| one.place.path.is_some());
        known.filter(|(_, one)| fits(one)).map(|(at, _)| at).collect()
    };
    let here = &finding.location;
    let related = || finding.related.iter().map(|related| &related.location);
    let ties: [&dyn Fn() -> Vec<usize>; 7] = [
        &|| all(&|one| one.handed_over.contains(here)),
        &|| innermost(here, surveyed),
        &|| all(&|one| one.sent.iter().any(|sent| holds(sent, here))),
        &|| all(&|one| related().any(|place| *place == one.place.location)),
        &|| all(&|one| one.runs.iter().any(|function| holds(function, here))),
        &|| all(&|one| one.starts && one.place.location.path == here.path),
        &|| all(&|one| one.place.location.path == here.path),
    ];
    ties.iter().map(|tie| tie()).find(|found| !found.is_empty()).unwrap_or_default()
}

/// The place whose call holds `location` and no other place's call in between.
fn innermost(location: &Location, surveyed: &[Surveyed]) -> Vec<usize> {
    let around = surveyed
        .iter()
        .enumerate()
        .filter(|(_, one)| one.place.path.is_some() && holds(&one.place.location, location));
    let nearest =
        around.min_by_key(|(_, one)| one.place.location.span.end - one.place.location.span.start);
    nearest.map(|(at, _)| at).into_iter().collect()
}

fn holds(outer: &Location, inner: &Location) -> bool {
    outer.path == inner.path && outer.span.contains(inner.span)
}

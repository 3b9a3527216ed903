//! Which part of a plan one machine does: shard I of N.
//!
//! Repositories are dealt in turn from the plan's order, so the shards of one plan are disjoint,
//! together they are the whole, and their sizes differ by one at most.

use std::fmt;
use std::str::FromStr;

/// Shard `index` (1-based) of `count`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shard {
    /// 1-based.
    pub index: usize,
    /// How many there are.
    pub count: usize,
}

/// How a scheduler numbers its tasks.
struct Scheduler {
    name: &'static str,
    index: &'static str,
    count: &'static str,
    /// What the first task has as its index; `min` names a variable that says so.
    first: usize,
    min: Option<&'static str>,
    step: Option<&'static str>,
}

/// The schedulers whose variables are read, most specific first.
const SCHEDULERS: &[Scheduler] = &[
    // Ours: a GitHub matrix has no variables of its own, and an indexed Job has no count.
    Scheduler {
        name: "spawnsafe",
        index: "SPAWNSAFE_SHARD_INDEX",
        count: "SPAWNSAFE_SHARD_COUNT",
        first: 0,
        min: None,
        step: None,
    },
    Scheduler {
        name: "Slurm",
        index: "SLURM_ARRAY_TASK_ID",
        count: "SLURM_ARRAY_TASK_COUNT",
        first: 0,
        min: Some("SLURM_ARRAY_TASK_MIN"),
        step: Some("SLURM_ARRAY_TASK_STEP"),
    },
    Scheduler {
        name: "Kubernetes",
        index: "JOB_COMPLETION_INDEX",
        count: "SPAWNSAFE_SHARD_COUNT",
        first: 0,
        min: None,
        step: None,
    },
    Scheduler {
        name: "GitLab CI",
        index: "CI_NODE_INDEX",
        count: "CI_NODE_TOTAL",
        first: 1,
        min: None,
        step: None,
    },
    Scheduler {
        name: "CircleCI",
        index: "CIRCLE_NODE_INDEX",
        count: "CIRCLE_NODE_TOTAL",
        first: 0,
        min: None,
        step: None,
    },
    Scheduler {
        name: "Buildkite",
        index: "BUILDKITE_PARALLEL_JOB",
        count: "BUILDKITE_PARALLEL_JOB_COUNT",
        first: 0,
        min: None,
        step: None,
    },
];

impl Shard {
    /// The shard that a scheduler's variables name, with the scheduler; `None` if there are none.
    /// `variable` looks one up.
    pub fn from_environment(
        variable: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Option<(Self, &'static str)>, String> {
        let number = |name: &str| -> Result<Option<usize>, String> {
            let Some(text) = variable(name).filter(|text| !text.is_empty()) else {
                return Ok(None);
            };
            text.parse()
                .map(Some)
                .map_err(|_| format!("the variable {name} is '{text}', which is not a number"))
        };
        if let Some(text) = variable("SPAWNSAFE_SHARD").filter(|text| !text.is_empty()) {
            return text.parse().map(|shard| Some((shard, "SPAWNSAFE_SHARD")));
        }
        for scheduler in SCHEDULERS {
            let Some(index) = number(scheduler.index)? else { continue };
            let Some(count) = number(scheduler.count)? else {
                return Err(format!(
                    "{} is set, but {} is not: set it to the number of tasks, or give --shard I/N (--shard 1/1 for everything)",
                    scheduler.index, scheduler.count
                ));
            };
            let first = scheduler.min.map_or(Ok(None), number)?.unwrap_or(scheduler.first);
            let step = scheduler.step.map_or(Ok(None), number)?.unwrap_or(1).max(1);
            let turn = index.checked_sub(first).ok_or_else(|| {
                format!("{} is {index}, below the first index {first}", scheduler.index)
            })?;
            return Self::new(turn / step + 1, count).map(|shard| Some((shard, scheduler.name)));
        }
        Ok(None)
    }

    /// Shard `index` (1-based) of `count`.
    pub fn new(index: usize, count: usize) -> Result<Self, String> {
        if index == 0 || index > count {
            return Err(format!(
                "shard {index}/{count}: the first number must lie between 1 and the second"
            ));
        }
        Ok(Self { index, count })
    }

    /// Whether the repository at `position` (0-based) of the plan belongs to this shard.
    pub fn takes(self, position: usize) -> bool {
        position % self.count == self.index - 1
    }

    /// The folder of this shard inside a shared output folder; `None` if it is the whole.
    pub fn folder(self) -> Option<String> {
        (self.count > 1).then(|| format!("shard-{:04}-of-{:04}", self.index, self.count))
    }
}

impl FromStr for Shard {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts = text.split_once('/').and_then(|(index, count)| {
            Some((index.trim().parse().ok()?, count.trim().parse().ok()?))
        });
        let (index, count) =
            parts.ok_or_else(|| format!("'{text}' is not a shard: write I/N, as in 2/5"))?;
        Self::new(index, count)
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "{}/{}", self.index, self.count)
    }
}

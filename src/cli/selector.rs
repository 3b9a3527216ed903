//! Which rules are enabled: codes, prefixes of codes, names and ALL, with ruff's precedence.

use crate::rules;
use std::collections::BTreeSet;

/// What a person wrote to name rules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Selector {
    /// Every rule.
    All,
    /// Every rule whose code starts so.
    Prefix(String),
    /// One rule.
    Rule(&'static str),
}

impl Selector {
    /// Reads `SP`, `SP1`, `SP101`, `lambda-callable` or `ALL`; the error says what is known.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let wanted = text.trim();
        if wanted.eq_ignore_ascii_case("all") {
            return Ok(Self::All);
        }
        if let Some(rule) = rules::find(wanted) {
            return Ok(Self::Rule(rule.code));
        }
        let prefix = wanted.to_ascii_uppercase();
        if !prefix.is_empty() && rules::ALL.iter().any(|rule| rule.code.starts_with(&prefix)) {
            return Ok(Self::Prefix(prefix));
        }
        Err(format!("unknown rule '{wanted}'; `spawnsafe explain` lists the rules"))
    }

    /// As it is written.
    pub(crate) fn text(&self) -> &str {
        match self {
            Self::All => "ALL",
            Self::Prefix(prefix) => prefix,
            Self::Rule(code) => code,
        }
    }

    /// Whether the rule with that code is meant.
    pub(crate) fn matches(&self, code: &str) -> bool {
        match self {
            Self::All => true,
            Self::Prefix(prefix) => code.starts_with(prefix),
            Self::Rule(rule) => *rule == code,
        }
    }

    /// The longer, the more it says: `--select SP1 --ignore SP101` leaves SP102.
    fn weight(&self) -> usize {
        match self {
            Self::All => 0,
            Self::Prefix(prefix) => prefix.len(),
            Self::Rule(_) => usize::MAX,
        }
    }
}

impl<'de> serde::Deserialize<'de> for Selector {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

/// One place where rules are chosen: a configuration file, or the command line.
#[derive(Debug, Clone, Default)]
pub(crate) struct Selection {
    /// Starts anew from these.
    pub(crate) select: Option<Vec<Selector>>,
    /// Adds these.
    pub(crate) extend_select: Vec<Selector>,
    /// Takes these away.
    pub(crate) ignore: Vec<Selector>,
}

/// The enabled codes after all `layers`, the weakest first. Within a layer the more exact selector
/// wins; of two equally exact ones, the one that ignores.
pub(crate) fn enabled(layers: &[Selection]) -> BTreeSet<&'static str> {
    let mut codes: BTreeSet<&'static str> = rules::ALL.iter().map(|rule| rule.code).collect();
    for layer in layers {
        if layer.select.is_some() {
            codes.clear();
        }
        for rule in rules::ALL {
            let weight = |selectors: &[Selector]| {
                selectors.iter().filter(|one| one.matches(rule.code)).map(Selector::weight).max()
            };
            let wanted = weight(layer.select.as_deref().unwrap_or_default())
                .max(weight(&layer.extend_select));
            let unwanted = weight(&layer.ignore);
            if unwanted.is_some() && unwanted >= wanted {
                codes.remove(rule.code);
            } else if wanted.is_some() {
                codes.insert(rule.code);
            }
        }
    }
    codes
}

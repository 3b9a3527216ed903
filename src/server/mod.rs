//! The language server: diagnostics while a person types, fixes as code actions, rule pages as hovers.
//!
//! One thread talks with the editor, one looks at files. What is looked at is a whole folder with the texts
//! of its open documents, as `check` looks at it; where the other files come from, the [`Host`] knows.

mod actions;
mod client;
mod diagnostics;
mod document;
mod edits;
mod folder;
mod hover;
mod position;
mod requests;
mod session;
mod work;

pub use client::{ClientSettings, Run};
pub use session::serve;

use crate::findings::{Fingerprint, Report};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// One state of a folder and its open documents.
#[derive(Debug, Clone)]
pub struct View {
    /// The folder, absolute.
    pub folder: PathBuf,
    /// Whether the editor has the folder open: else only its open documents are asked about.
    pub whole: bool,
    /// What the user wants.
    pub settings: Arc<ClientSettings>,
    /// The bytes of the open documents, by absolute path.
    pub open: BTreeMap<PathBuf, Arc<Vec<u8>>>,
    /// Set when nobody wants the answer any more.
    pub stop: Stop,
}

/// A flag that ends work early.
#[derive(Debug, Clone, Default)]
pub struct Stop(Arc<AtomicBool>);

impl Stop {
    /// Asks for an end.
    pub fn stop(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether an end was asked for.
    pub fn is_stopped(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// What is to be fixed.
#[derive(Debug, Clone)]
pub enum Wanted {
    /// All findings but these, whether their fixes need consent or not.
    AllBut(BTreeSet<Fingerprint>),
    /// What the settings allow, in one file.
    File(PathBuf),
}

/// Who knows configuration and files. Paths in the reports are absolute; an error is for the user.
pub trait Host: Sync {
    /// The folder to look at for a file that lies in none of the editor's folders.
    fn folder_of(&self, path: &Path) -> PathBuf;
    /// What `check` finds.
    fn check(&self, view: &View) -> Result<Report, String>;
    /// What `fix` makes of it.
    fn fix(&self, view: &View, wanted: &Wanted) -> Result<Report, String>;
}

//! `spawnsafe server`: configuration and files for the language server.

use crate::cli::args::{GlobalArgs, SelectionArgs};
use crate::cli::base::Base;
use crate::cli::exit::Exit;
use crate::cli::read::Disk;
use crate::cli::settings::{self, FixWishes, InFolder, UsageError};
use crate::cli::terminal::Terminal;
use crate::cli::walk;
use crate::engine::{Files, Options};
use crate::facts::FileFacts;
use crate::findings::Report;
use crate::server::{self, ClientSettings, Host, View, Wanted};
use crate::text::ReadError;
use lsp_server::Connection;
use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

/// Talks with the editor over standard input and output until it ends the conversation.
pub(crate) fn run(global: &GlobalArgs) -> Result<Exit, UsageError> {
    let (connection, threads) = Connection::stdio();
    let host = EngineHost { global: global.clone(), known: Mutex::default() };
    let ended = server::serve(&connection, &host);
    if let Err(broken) = ended {
        // The thread that reads may wait for ever for an editor that has gone.
        Terminal::new(global).error(&broken.to_string());
        return Ok(Exit::Found);
    }
    drop(connection);
    threads.join().map_err(|error| UsageError::Io(error.to_string()))?;
    Ok(Exit::Done)
}

/// The engine for editors. It remembers what it knows of files that have not changed since.
struct EngineHost {
    global: GlobalArgs,
    /// By folder.
    known: Mutex<BTreeMap<PathBuf, Known>>,
}

/// What is known of the files of one folder.
#[derive(Default)]
struct Known {
    facts: Vec<Arc<FileFacts>>,
    stamps: HashMap<PathBuf, Stamp>,
}

/// What a file was when it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Stamp {
    Open(Arc<Vec<u8>>),
    Disk(Option<SystemTime>, u64),
}

/// The files of one folder with those that are open; paths start from the folder.
struct OpenFiles<'v> {
    view: &'v View,
    disk: Disk,
    stamps: Mutex<HashMap<PathBuf, Stamp>>,
}

impl OpenFiles<'_> {
    fn stamp(&self, path: &Path) -> Option<Stamp> {
        let absolute = self.view.folder.join(path);
        match self.view.open.get(&absolute) {
            Some(bytes) => Some(Stamp::Open(bytes.clone())),
            None => {
                let meta = std::fs::metadata(absolute).ok()?;
                Some(Stamp::Disk(meta.modified().ok(), meta.len()))
            }
        }
    }
}

impl Files for OpenFiles<'_> {
    fn read(&self, path: &Path) -> Result<Vec<u8>, ReadError> {
        if self.view.stop.is_stopped() {
            return Err(ReadError::Io("nobody waits for it any more".into()));
        }
        let stamp = self.stamp(path);
        let bytes = match &stamp {
            Some(Stamp::Open(bytes)) => bytes.to_vec(),
            _ => self.disk.read(&self.view.folder.join(path))?,
        };
        let mut stamps = self.stamps.lock().unwrap_or_else(PoisonError::into_inner);
        stamps.extend(stamp.map(|stamp| (path.to_path_buf(), stamp)));
        Ok(bytes)
    }
}

/// All that a look at a view needs.
struct Look<'v> {
    base: Base,
    options: Options,
    paths: Vec<PathBuf>,
    files: OpenFiles<'v>,
}

impl EngineHost {
    fn prepare<'v>(&self, view: &'v View, unsafe_fixes: bool) -> Result<Look<'v>, String> {
        let (selection, wishes) = typed(&view.settings, unsafe_fixes);
        let mut global = self.global.clone();
        if let Some(configuration) = &view.settings.configuration {
            global.config = vec![view.folder.join(configuration).to_string_lossy().into_owned()];
        }
        let open = view.open.keys().map(|path| walk::shown(path, &view.folder)).collect();
        let place = InFolder { folder: &view.folder, open, whole: view.whole };
        let (options, paths, base) = settings::in_folder(&selection, &global, wishes, place)
            .map_err(|error| error.to_string())?;
        let files = OpenFiles { view, disk: Disk::default(), stamps: Mutex::default() };
        Ok(Look { base, options, paths, files })
    }
}

impl Host for EngineHost {
    fn folder_of(&self, path: &Path) -> PathBuf {
        let folder = path.parent().unwrap_or(path);
        walk::project_root(folder).unwrap_or_else(|| folder.to_path_buf())
    }

    fn check(&self, view: &View) -> Result<Report, String> {
        let Look { base, options, paths, files } = self.prepare(view, false)?;
        let mut all = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let known = all.entry(view.folder.clone()).or_default();
        let unchanged = |facts: &Arc<FileFacts>| {
            let path = base.shown(&facts.source.path);
            let asked = paths.binary_search(&path).is_ok() || options.context.contains(&path);
            asked
                && known
                    .stamps
                    .get(&path)
                    .is_some_and(|then| files.stamp(&path).as_ref() == Some(then))
        };
        let facts: Vec<_> = known.facts.iter().filter(|facts| unchanged(facts)).cloned().collect();
        let (mut report, facts) = base.check_again(&paths, &files, &options, facts);
        if !view.stop.is_stopped() {
            known.facts = facts;
            known.stamps.extend(files.stamps.into_inner().unwrap_or_else(PoisonError::into_inner));
        }
        report.rename(&|path| view.folder.join(path));
        Ok(report)
    }

    fn fix(&self, view: &View, wanted: &Wanted) -> Result<Report, String> {
        let any = matches!(wanted, Wanted::AllBut(_));
        let Look { base, mut options, mut paths, files } = self.prepare(view, any)?;
        match wanted {
            Wanted::AllBut(unwanted) => {
                let named = unwanted.iter().map(|one| {
                    let path = walk::shown(&one.path, &view.folder);
                    crate::findings::Fingerprint { path: Arc::new(path), ..one.clone() }
                });
                options.skip = named.collect();
            }
            Wanted::File(path) => {
                let path = walk::shown(path, &view.folder);
                let asked = paths.contains(&path);
                options.context.extend(paths.drain(..).filter(|other| *other != path));
                paths.extend(asked.then_some(path));
            }
        }
        let mut report = base.fix(&paths, &files, &options);
        if view.stop.is_stopped() {
            return Err("nobody waits for it any more".into());
        }
        report.rename(&|path| view.folder.join(path));
        Ok(report)
    }
}

/// The editor's settings as if they had been typed.
fn typed(settings: &ClientSettings, unsafe_fixes: bool) -> (SelectionArgs, FixWishes) {
    let selection = SelectionArgs {
        select: settings.select.clone(),
        extend_select: settings.extend_select.clone(),
        ignore: settings.ignore.clone(),
        exclude: settings.exclude.clone(),
        extend_exclude: settings.extend_exclude.clone(),
        target_version: settings.target_version.clone(),
        ..SelectionArgs::default()
    };
    let wishes = FixWishes {
        unsafe_fixes: unsafe_fixes || settings.unsafe_fixes,
        bind: settings.bind,
        guard_style: settings.guard_style,
        fixes: true,
    };
    (selection, wishes)
}

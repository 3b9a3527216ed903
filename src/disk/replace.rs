//! A new content for a file that stays what it is otherwise: its mode, owner, extended attributes,
//! access lists, links and other names.
//!
//! The new content is written beside the file, in a folder of ours, and takes the file's place at
//! once. Where a new file could not be all that the old one is (another name leads to it, its owner
//! cannot be given), the content is written into the file itself, and what is needed to bring the old
//! one back after a kill lies in the folder meanwhile. See [`super::staging`].

use super::staging::{Staging, Undo};
use std::fs::{File, Metadata};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use tempfile::TempPath;

/// The largest file that is ever replaced.
const MOST_BYTES: u64 = 256 << 20;

/// Why a file was not replaced.
#[derive(Debug, thiserror::Error)]
pub enum ReplaceError {
    /// The operating system refused.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// Its content is not what was expected.
    #[error("was changed by another program")]
    Changed,
}

/// Why a file's content is written into the file itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InPlace {
    /// Other names lead to the same file.
    HardLinks,
    /// A new file would belong to somebody else.
    Owner,
    /// A new file would lack attributes or access lists.
    Attributes,
}

impl InPlace {
    /// For a message about the file.
    pub fn words(self) -> &'static str {
        match self {
            Self::HardLinks => "it has other names (hard links)",
            Self::Owner => "a new file would belong to somebody else",
            Self::Attributes => "a new file would lack its attributes or access list",
        }
    }
}

/// A new content that is ready to take its place. It holds no file open.
#[derive(Debug)]
pub struct Ready {
    target: PathBuf,
    before: Vec<u8>,
    how: How,
}

#[derive(Debug)]
enum How {
    /// The new file, which only needs another name.
    Rename(TempPath),
    /// The new content.
    Into(InPlace, Vec<u8>),
}

impl Ready {
    /// Prepares `after` as the content of the regular file `target` (no link), which must hold
    /// `before`. `staging` lies on the same file system.
    pub fn new(
        target: &Path,
        before: Vec<u8>,
        after: &[u8],
        staging: &Staging,
    ) -> Result<Self, ReplaceError> {
        unchanged(target, &before)?;
        // A rename needs no right to the file itself, so a file that is closed to writing is asked first.
        let old = File::options().append(true).open(target)?;
        let metadata = old.metadata()?;
        let how = if has_other_names(&metadata) {
            How::Into(InPlace::HardLinks, after.to_vec())
        } else {
            let (file, path) = staging.file()?.into_parts();
            match alike(target, &metadata, &file)? {
                None => {
                    let mut file = file;
                    file.write_all(after)?;
                    file.sync_all()?;
                    How::Rename(path)
                }
                Some(why) => How::Into(why, after.to_vec()),
            }
        };
        Ok(Self { target: target.to_path_buf(), before, how })
    }

    /// Why the file itself is written, if it is.
    pub fn in_place(&self) -> Option<InPlace> {
        match &self.how {
            How::Rename(_) => None,
            How::Into(why, _) => Some(*why),
        }
    }

    /// Whether the file still holds what it is expected to hold.
    pub fn check(&self) -> Result<(), ReplaceError> {
        unchanged(&self.target, &self.before)
    }

    /// Puts the new content in its place. Gives what was there.
    pub fn commit(self, staging: &Staging) -> Result<Replaced, ReplaceError> {
        self.check()?;
        match self.how {
            How::Rename(path) => path.persist(&self.target).map_err(|error| error.error)?,
            How::Into(_, after) => {
                let undo = staging.undo(&Undo::new(&self.target, &self.before, &after))?;
                overwrite(&self.target, &after)?;
                undo.close()?;
            }
        }
        Ok(Replaced { target: self.target, before: self.before })
    }
}

/// A file that was replaced.
#[derive(Debug)]
pub struct Replaced {
    target: PathBuf,
    before: Vec<u8>,
}

impl Replaced {
    /// Brings the old content back, for a change of several files of which another one failed.
    pub fn take_back(self, after: Vec<u8>, staging: &Staging) -> Result<(), ReplaceError> {
        Ready::new(&self.target, after, &self.before, staging)?.commit(staging).map(drop)
    }
}

fn unchanged(target: &Path, expected: &[u8]) -> Result<(), ReplaceError> {
    let present = super::read(target, MOST_BYTES)?;
    if present == expected { Ok(()) } else { Err(ReplaceError::Changed) }
}

/// Writes into a file without emptying it first, so that a kill leaves a beginning of the new and an
/// end of the old content and nothing else.
pub(super) fn overwrite(target: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = File::options().write(true).open(target)?;
    file.write_all(bytes)?;
    file.set_len(bytes.len() as u64)?;
    file.sync_all()
}

#[cfg(unix)]
fn has_other_names(metadata: &Metadata) -> bool {
    std::os::unix::fs::MetadataExt::nlink(metadata) > 1
}

#[cfg(not(unix))]
fn has_other_names(_metadata: &Metadata) -> bool {
    false
}

/// Makes a new file all that the old one is but its content; says what cannot be done.
#[cfg(unix)]
fn alike(target: &Path, old: &Metadata, new: &File) -> io::Result<Option<InPlace>> {
    use std::os::unix::fs::{MetadataExt, fchown};
    let fresh = new.metadata()?;
    if (old.uid(), old.gid()) != (fresh.uid(), fresh.gid())
        && fchown(new, Some(old.uid()), Some(old.gid())).is_err()
    {
        return Ok(Some(InPlace::Owner));
    }
    new.set_permissions(old.permissions())?;
    Ok(if same_attributes(target, new).is_ok() { None } else { Some(InPlace::Attributes) })
}

#[cfg(not(unix))]
fn alike(_target: &Path, old: &Metadata, new: &File) -> io::Result<Option<InPlace>> {
    new.set_permissions(old.permissions())?;
    Ok(None)
}

/// Gives a new file the extended attributes of the old one, and takes those away that it got from
/// its folder. Access lists are among them on Linux.
#[cfg(unix)]
fn same_attributes(target: &Path, new: &File) -> io::Result<()> {
    use xattr::FileExt;
    if !xattr::SUPPORTED_PLATFORM {
        return Ok(());
    }
    // Where a file system has none, there is nothing to keep.
    let wanted: Vec<_> = match xattr::list(target) {
        Ok(names) => names.collect(),
        Err(error) if error.kind() == io::ErrorKind::Unsupported => return Ok(()),
        Err(error) => return Err(error),
    };
    for name in new.list_xattr()? {
        if !wanted.contains(&name) {
            new.remove_xattr(&name)?;
        }
    }
    for name in wanted {
        let value = xattr::get(target, &name)?.unwrap_or_default();
        if new.get_xattr(&name)?.as_ref() != Some(&value) {
            new.set_xattr(&name, &value)?;
        }
    }
    if has_hidden_list(target) { Err(io::ErrorKind::Unsupported.into()) } else { Ok(()) }
}

/// Access lists that are no attributes. macOS keeps them apart, and tells nobody but its own
/// functions: a file there is written itself if `ls` shows one.
#[cfg(target_os = "macos")]
fn has_hidden_list(target: &Path) -> bool {
    let shown = std::process::Command::new("/bin/ls").arg("-lde").arg(target).output();
    shown.is_ok_and(|output| output.stdout.iter().filter(|byte| **byte == b'\n').count() > 1)
}

#[cfg(all(unix, not(target_os = "macos")))]
fn has_hidden_list(_target: &Path) -> bool {
    false
}

//! Folders, copied as they are.

use std::io;
use std::path::Path;

/// Copies a folder with all that is in it; symbolic links stay links.
pub(crate) fn copy(from: &Path, to: &Path) -> io::Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        let kind = entry.file_type()?;
        if kind.is_dir() {
            copy(&entry.path(), &target)?;
        } else if kind.is_symlink() {
            link(&std::fs::read_link(entry.path())?, &target)?;
        } else {
            std::fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

#[cfg(unix)]
fn link(points_to: &Path, at: &Path) -> io::Result<()> {
    std::os::unix::fs::symlink(points_to, at)
}

#[cfg(not(unix))]
fn link(points_to: &Path, at: &Path) -> io::Result<()> {
    // Without links git itself writes a file that holds the link's text.
    std::fs::write(at, points_to.to_string_lossy().as_bytes())
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn files_modes_and_links_come_along() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().expect("a folder");
        let (from, to) = (folder.path().join("from"), folder.path().join("to"));
        std::fs::create_dir_all(from.join("in/ner")).expect("folders");
        std::fs::write(from.join("in/run"), "x").expect("a file");
        std::fs::set_permissions(from.join("in/run"), std::fs::Permissions::from_mode(0o755))
            .expect("a mode");
        std::os::unix::fs::symlink("nowhere", from.join("in/link")).expect("a link");
        copy(&from, &to).expect("the copy");
        assert_eq!(
            std::fs::metadata(to.join("in/run")).expect("the file").permissions().mode() & 0o777,
            0o755
        );
        assert_eq!(std::fs::read_link(to.join("in/link")).expect("the link"), Path::new("nowhere"));
        assert!(to.join("in/ner").is_dir());
    }
}

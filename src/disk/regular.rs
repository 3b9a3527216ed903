//! Reading files whose names somebody else chose. A pipe would never end, a device would never be
//! full, a link may lead to either: only regular files of a bounded size are read. What the user names may be a pipe, but
//! not without an end.

use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, Read};
use std::path::Path;

/// Whether reading could wait for ever: a pipe, a socket or a device. Folders and what is not there
/// are something else.
pub fn is_special(metadata: &Metadata) -> bool {
    !metadata.is_file() && !metadata.is_dir() && !metadata.is_symlink()
}

/// What is wrong with a file that is no regular one of at most `limit` bytes; links are followed.
pub fn judge(metadata: &Metadata, limit: u64) -> io::Result<()> {
    if !metadata.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file"));
    }
    if metadata.len() > limit {
        return Err(too_large(limit));
    }
    Ok(())
}

/// Opens a regular file of at most `limit` bytes for reading.
pub fn open(path: &Path, limit: u64) -> io::Result<File> {
    opened(path, limit).map(|row| row.0)
}

/// The same, with its size.
fn opened(path: &Path, limit: u64) -> io::Result<(File, u64)> {
    // Asked first, because opening alone may do something to a device.
    judge(&std::fs::metadata(path)?, limit)?;
    let mut options = OpenOptions::new();
    options.read(true);
    without_waiting(&mut options);
    let file = options.open(path)?;
    // Asked again: the name may have come to mean another file.
    let metadata = file.metadata()?;
    judge(&metadata, limit)?;
    Ok((file, metadata.len()))
}

/// The bytes of a regular file of at most `limit` bytes.
pub fn read(path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    let (file, length) = opened(path, limit)?;
    // One byte more tells the end without another allocation.
    bounded(file, Vec::with_capacity(length as usize + 1), limit)
}

/// The bytes of what the user named, which may be a pipe (`<(git diff)`), if they are at most `limit`.
pub fn read_named(path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    bounded(File::open(path)?, Vec::new(), limit)
}

/// All of a file that may grow meanwhile, if it is at most `limit` bytes.
fn bounded(file: File, mut bytes: Vec<u8>, limit: u64) -> io::Result<Vec<u8>> {
    file.take(limit + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit {
        return Err(too_large(limit));
    }
    Ok(bytes)
}

fn too_large(limit: u64) -> io::Error {
    io::Error::new(io::ErrorKind::FileTooLarge, format!("larger than {limit} bytes"))
}

/// Opening a pipe that nobody writes to must fail or succeed at once.
#[cfg(unix)]
fn without_waiting(options: &mut OpenOptions) {
    use std::os::unix::fs::OpenOptionsExt;
    let flags = rustix::fs::OFlags::NONBLOCK | rustix::fs::OFlags::NOCTTY;
    options.custom_flags(flags.bits().cast_signed());
}

#[cfg(not(unix))]
fn without_waiting(_options: &mut OpenOptions) {}

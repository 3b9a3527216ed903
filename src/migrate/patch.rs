//! A commit as a mail for `git am`.

use super::git::{Git, On};
use std::path::Path;

/// The last commit of the clone at `root` as a patch file, the same bytes on every machine.
pub(crate) fn format(git: &Git, root: &Path) -> Result<Vec<u8>, String> {
    let args = [
        "format-patch",
        "-1",
        "--stdout",
        "--zero-commit",
        "--no-signature",
        "--no-renames",
        "--full-index",
        "--no-ext-diff",
        "--no-textconv",
        "HEAD",
    ];
    Ok(survivable(git.run(On::Own(root), &args)?))
}

/// The changes of the last commit of the clone at `root` as a unified diff.
pub(crate) fn diff(git: &Git, root: &Path) -> Result<Vec<u8>, String> {
    git.run(
        On::Own(root),
        &[
            "diff",
            "--no-color",
            "--no-renames",
            "--full-index",
            "--no-ext-diff",
            "--no-textconv",
            "HEAD^",
            "HEAD",
        ],
    )
}

/// `git am` drops the carriage returns of a plain mail, and a patch of a file with CRLF would then
/// not apply; in a quoted-printable mail it keeps them.
fn survivable(mail: Vec<u8>) -> Vec<u8> {
    if !mail.windows(2).any(|pair| pair == b"\r\n") {
        return mail;
    }
    let Some(end) = mail.windows(2).position(|pair| pair == b"\n\n") else { return mail };
    let mut quoted = Vec::with_capacity(mail.len() + mail.len() / 16);
    for line in mail[..end].split(|byte| *byte == b'\n') {
        let name = line.split(|byte| *byte == b':').next().unwrap_or_default().to_ascii_lowercase();
        if !matches!(
            name.as_slice(),
            b"mime-version" | b"content-type" | b"content-transfer-encoding"
        ) {
            quoted.extend_from_slice(line);
            quoted.push(b'\n');
        }
    }
    quoted.extend_from_slice(b"MIME-Version: 1.0\nContent-Type: text/plain; charset=UTF-8\nContent-Transfer-Encoding: quoted-printable\n\n");
    for byte in &mail[end + 2..] {
        match byte {
            b'=' => quoted.extend_from_slice(b"=3D"),
            b'\r' => quoted.extend_from_slice(b"=0D"),
            other => quoted.push(*other),
        }
    }
    quoted
}

/// Added and removed lines of a unified diff.
pub(crate) fn count_lines(diff: &[u8]) -> (usize, usize) {
    let (mut added, mut removed, mut in_hunk) = (0, 0, false);
    for line in diff.split(|byte| *byte == b'\n') {
        match line.first() {
            Some(b'd') => in_hunk = false,
            Some(b'@') => in_hunk = true,
            Some(b'+') if in_hunk => added += 1,
            Some(b'-') if in_hunk => removed += 1,
            _ => {}
        }
    }
    (added, removed)
}

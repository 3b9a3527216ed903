//! Pages in a real browser, for the tests that include this file.
//!
//! Without a browser they say so and pass, unless `SPAWNSAFE_REQUIRE_ALL=1`.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The first browser on the PATH.
pub(crate) fn browser() -> Option<PathBuf> {
    let names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"];
    let folders = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&folders)
        .flat_map(|folder| names.map(|name| folder.join(name)))
        .find(|path| path.is_file());
    if found.is_none() {
        let required = std::env::var_os("SPAWNSAFE_REQUIRE_ALL").is_some_and(|value| value == "1");
        assert!(!required, "no browser: install Chromium");
        let _ = writeln!(
            std::io::stderr(),
            "\n*** SKIPPED: no Chromium on the PATH, the page was not tested in a browser ***\n"
        );
    }
    found
}

/// The page's document after its script, and `more` after it, have run in a window of `size`
/// (`"1000,800"`). `scratch` is a folder for what the browser needs.
pub(crate) fn document(
    browser: &Path,
    scratch: &Path,
    page: &Path,
    size: &str,
    fragment: &str,
    more: &str,
) -> String {
    let text = std::fs::read_to_string(page).expect("the page is read");
    let probed = scratch.join("probed.html");
    let probe = format!(
        "<script>addEventListener('error', (e) => document.body.dataset.error = e.message);</script>\n<script>addEventListener('load', () => {{ {more} }});</script></head>"
    );
    std::fs::write(&probed, text.replacen("</head>", &probe, 1)).expect("the page is written");
    let output = Command::new(browser)
        .args([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--no-first-run",
            "--virtual-time-budget=4000",
            "--dump-dom",
        ])
        .arg(format!("--window-size={size}"))
        .arg(format!("--user-data-dir={}", scratch.join("profile").display()))
        .arg(format!("file://{}#{fragment}", probed.display()))
        .stderr(Stdio::null())
        .output()
        .expect("the browser starts");
    let document = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(document.contains("</html>"), "the browser gave no document: {document}");
    assert!(
        !document.contains("data-error"),
        "the page's script failed: {:?}",
        between(&document, "data-error=\"", "\"")
    );
    document
}

/// The document of a page that holds `page` in a frame of `width` pixels, after the script `more`, to which the framed
/// document is `inner`: windows themselves cannot be that narrow.
pub(crate) fn narrow(
    browser: &Path,
    scratch: &Path,
    page: &Path,
    width: u32,
    more: &str,
) -> String {
    let text = std::fs::read_to_string(page).expect("the page is read");
    let escaped = text.replace('&', "&amp;").replace('"', "&quot;");
    let frame = scratch.join("frame.html");
    let around = format!(
        "<html><head></head><body><iframe width={width} height=800 style=\"border:0\" srcdoc=\"{escaped}\"></iframe></body></html>"
    );
    std::fs::write(&frame, around).expect("the frame is written");
    let script = format!("const inner = document.querySelector('iframe').contentDocument; {more}");
    document(browser, scratch, &frame, "1200,900", "", &script)
}

/// What stands between the first `before` and the next `after`.
pub(crate) fn between<'a>(text: &'a str, before: &str, after: &str) -> Option<&'a str> {
    let rest = &text[text.find(before)? + before.len()..];
    rest.find(after).map(|end| &rest[..end])
}

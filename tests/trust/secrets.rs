//! Logins in addresses reach the server, and nobody else: no file, no output, no list of processes.

use crate::ground::{Ground, finish};
use crate::web::Server;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// Whether any file below `folder` holds `secret`; gives the first.
fn holder(folder: &Path, secret: &str) -> Option<std::path::PathBuf> {
    for entry in std::fs::read_dir(folder).expect("the folder is read").flatten() {
        let path = entry.path();
        let kind = entry.file_type().expect("a kind");
        if kind.is_dir() {
            if let Some(found) = holder(&path, secret) {
                return Some(found);
            }
        } else if kind.is_file() {
            let bytes = std::fs::read(&path).expect("the file is read");
            if String::from_utf8_lossy(&bytes).contains(secret) {
                return Some(path);
            }
        }
    }
    None
}

/// Runs a migration of one address and gives what it printed. The secrets must be nowhere: not in the
/// output folder, not in what was printed, not among the arguments of any program that git started.
#[track_caller]
fn migrate(ground: &Ground, address: &str, secrets: &[&str], ssh: Option<&Path>) -> String {
    let list = ground.write("list.txt", address);
    let trace = ground.path("trace.txt");
    let _ = std::fs::remove_dir_all(ground.path("out"));
    let _ = std::fs::remove_file(&trace);
    let mut told = String::new();
    for verb in ["plan", "run"] {
        let list = list.to_string_lossy();
        let mut command = ground.command(".", &["migrate", verb, "--from", &list, "--out", "out"]);
        command.args(["--result", "branch"]);
        if verb == "run" {
            command.args(["--retries", "0"]);
        }
        command.env("GIT_TRACE", &trace).env("HOME", ground.path("."));
        if let Some(ssh) = ssh {
            command.env("GIT_SSH_COMMAND", ssh);
        }
        told.push_str(&finish(&mut command).text());
    }
    for secret in secrets {
        assert!(!told.contains(secret), "{address}: printed: {told}");
        let found = holder(&ground.path("out"), secret);
        assert_eq!(found, None, "{address}: '{secret}' is in a file");
        let trace = std::fs::read_to_string(&trace).unwrap_or_default();
        let line = trace.lines().find(|line| line.contains(secret));
        assert_eq!(line, None, "{address}: '{secret}' is an argument");
    }
    for name in ["plan.json", "journal.jsonl"] {
        let mode =
            std::fs::metadata(ground.path("out").join(name)).expect(name).permissions().mode();
        assert_eq!(mode & 0o077, 0, "{name} is for its user alone");
    }
    told
}

#[test]
fn a_server_is_given_the_login_and_nothing_else_is() {
    for (login, text) in [
        ("ada:s3cr3t-word", "ada:s3cr3t-word"),
        ("ada:s3cr3t/wo@rd", "ada:s3cr3t/wo@rd"),
        ("ada:s3cr3t/wo@rd", "ada:s3cr3t%2Fwo%40rd"),
        ("oauth2:glpat-s3cr3t", ":glpat-s3cr3t"),
        ("glpat-s3cr3t:", "glpat-s3cr3t:"),
    ] {
        let ground = Ground::new();
        ground.repository("served/one");
        let server = Server::start(&ground.path("served"), login);
        let address = format!("http://{text}@{}/one/.git", server.host());
        let told = migrate(&ground, &address, &["s3cr3t", "wo@rd", "wo%40rd"], None);
        assert!(told.contains("1 changed"), "{text}: {told}");
        assert!(server.logins().iter().any(|login| login.starts_with("Basic")), "{text}");
        let config = ground.path("out/clones");
        assert!(holder(&config, &server.host()).is_some(), "the clone knows where it is from");
    }
}

#[test]
fn a_login_that_is_refused_or_cannot_be_hidden_is_not_told() {
    let ground = Ground::new();
    ground.repository("served/one");
    let server = Server::start(&ground.path("served"), "ada:right");
    let host = server.host();
    for address in [
        format!("http://ada:s3cr3t-word@{host}/one/.git"),
        format!("http://s3cr3t-word@{host}/one/.git"),
        format!("http://{host}/one/.git?private_token=s3cr3t-word"),
        format!("http://ada:x@{host}/one/.git#s3cr3t-word"),
        format!("http://s3cr3t-word/more@{host}/one/.git"),
        "ssh://s3cr3t-word@127.0.0.1:1/one.git".to_owned(),
        "ssh://ada:s3cr3t-word@127.0.0.1:1/one.git".to_owned(),
        "s3cr3t-word@127.0.0.1:one.git".to_owned(),
        "ada:s3cr3t-word@127.0.0.1:one.git".to_owned(),
        "foo::https://ada:s3cr3t-word@127.0.0.1:1/one.git".to_owned(),
    ] {
        let told = migrate(&ground, &address, &["s3cr3t-word"], None);
        assert!(told.contains("1 failed"), "{address}: {told}");
    }
}

#[test]
fn ssh_is_given_the_user_by_its_settings() {
    let ground = Ground::new();
    let repository = ground.repository("served");
    let seen = ground.path("seen.txt");
    // What ssh would do: its settings are a file, its last argument the command.
    let script = format!(
        "#!/bin/sh\necho \"$@\" >> '{}'\nwhile [ $# -gt 1 ]; do [ \"$1\" = -F ] && cat \"$2\" >> '{}.settings'; shift; done\nexec sh -c \"$1\"\n",
        seen.display(),
        seen.display()
    );
    let ssh = ground.write("bin/ssh", script);
    std::fs::set_permissions(&ssh, PermissionsExt::from_mode(0o755)).expect("it is executable");
    for address in [
        format!("ssh://s3cr3t-name@host.invalid{}/.git", repository.display()),
        format!("s3cr3t-name@host.invalid:{}/.git", repository.display()),
    ] {
        let told = migrate(&ground, &address, &["s3cr3t-name"], Some(&ssh));
        assert!(told.contains("1 changed"), "{address}: {told}");
        assert!(!ground.read("seen.txt").contains("s3cr3t-name"), "{}", ground.read("seen.txt"));
        assert!(ground.read("seen.txt.settings").contains("User \"s3cr3t-name\""));
    }
    let plain = format!("git@host.invalid:{}/.git", repository.display());
    let told = migrate(&ground, &plain, &[], Some(&ssh));
    assert!(told.contains("1 changed") && ground.read("seen.txt").contains("git@host.invalid"));
}

#[test]
fn another_server_is_not_given_the_login() {
    let ground = Ground::new();
    ground.repository("served/one");
    let other = Server::start(&ground.path("served"), "nobody:x");
    let list = format!("http://ada:s3cr3t@127.0.0.1:1/x.git\nhttp://{}/one/.git\n", other.host());
    ground.write("list.txt", list);
    ground.run(".", &["migrate", "run", "--from", "list.txt", "--out", "out", "--retries", "0"]);
    assert!(other.logins().iter().all(String::is_empty), "{:?}", other.logins());
    assert!(!other.logins().is_empty());
}

#[test]
fn old_plans_lose_the_logins_that_they_hold() {
    let ground = Ground::new();
    ground.repository("served/one");
    let server = Server::start(&ground.path("served"), "ada:s3cr3t");
    let address = format!("http://{}/one/.git", server.host());
    ground.run(".", &["migrate", "plan", &address, "--out", "out"]).exits(0);
    let text = ground.read("out/plan.json");
    let old = text.replace(
        &format!("\"url\": \"{address}\""),
        &format!("\"url\": \"http://ada:s3cr3t@{}/one/.git\"", server.host()),
    );
    assert_ne!(old, text);
    ground.write("out/plan.json", old);
    let told = ground.run(".", &["migrate", "run", "--out", "out"]).text();
    assert!(told.contains("1 changed"), "{told}");
    assert_eq!(holder(&ground.path("out"), "s3cr3t"), None);
}

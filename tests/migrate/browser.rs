//! The page in a real browser: what it shows, sorts, filters and unfolds, and that it stays alone.

use crate::chromium::{between, browser};
use crate::world::{World, migrate, plan, settings};
use spawnsafe::migrate::settings::Delivery;
use std::io::Read;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The page's document after its script, and `more` after it, have run.
fn document(browser: &Path, world: &World, page: &Path, fragment: &str, more: &str) -> String {
    crate::chromium::document(browser, &world.path("."), page, "1200,900", fragment, more)
}

/// Repositories that are visible, in their order.
fn shown(document: &str) -> Vec<String> {
    let rows = document.split("<tbody class=\"repo\"").skip(1);
    let visible = rows.filter(|row| !row[..row.find('>').unwrap_or(0)].contains("hidden"));
    visible.filter_map(|row| between(row, "data-name=\"", "\"").map(str::to_owned)).collect()
}

fn report(world: &World) -> PathBuf {
    world.repository("clones/three", &[("a.py", "bad(1)\n\n\n\n\n\n\nbad(2)\n\n\n\n\n\nbad(3)\n")]);
    world.repository(
        "clones/two",
        &[(
            "<img src=x onerror=alert(1)>.py",
            "bad(1)\nbad(2)\n# </pre><script>document.body.dataset.owned = 1</script>\n",
        )],
    );
    world.repository("clones/one", &[("a.py", "bad(1)\nrefuse(1)\n")]);
    world.repository("clones/none", &[("a.py", "x = 1\n")]);
    crate::world::init(&world.path("clones/<script>alert(1)</script>&'\""));
    let out = world.path("out");
    migrate(
        &plan(
            settings(Delivery::Patch),
            &[
                &world.path("clones").to_string_lossy(),
                "file:///gone/\"><script>document.body.dataset.owned=1</script>",
            ],
        ),
        &out,
    );
    out.join("report.html")
}

#[test]
fn it_sorts_filters_and_unfolds() {
    let Some(browser) = browser() else { return };
    let world = World::new();
    let page = report(&world);
    let plain = document(&browser, &world, &page, "", "");
    assert_eq!(shown(&plain).len(), 6);
    assert!(plain.contains("6 of 6") && !plain.contains("diff painted"));
    let click = |selector: &str| format!("document.querySelector({selector:?}).click();");
    let sorted = document(&browser, &world, &page, "", &click("thead button[data-key=fixed]"));
    assert_eq!(shown(&sorted)[..3], ["clones/three", "clones/two", "clones/one"]);
    assert_eq!(sorted.matches(" aria-sort=\"descending\"").count(), 1);
    let twice = format!("{0}{0}", click("thead button[data-key=fixed]"));
    assert_eq!(
        shown(&document(&browser, &world, &page, "", &twice))[3..],
        ["clones/one", "clones/two", "clones/three"]
    );
    let chips = document(&browser, &world, &page, "", &click(".chip[data-status=changed]"));
    assert_eq!(shown(&chips).len(), 3);
    let typed = "const q = document.getElementById('query'); q.value = 'THREE'; q.dispatchEvent(new Event('input'));";
    assert_eq!(shown(&document(&browser, &world, &page, "", typed)), ["clones/three"]);
    let ruled = "const r = document.getElementById('rule'); r.value = 'SP402'; r.dispatchEvent(new Event('change'));";
    assert_eq!(shown(&document(&browser, &world, &page, "", ruled)), ["clones/one"]);
    let nothing = document(&browser, &world, &page, "q=nowhere", "");
    assert!(shown(&nothing).is_empty() && nothing.contains("<p class=\"none\" id=\"nothing\">"));
}

#[test]
fn a_repository_unfolds_with_its_coloured_diff_and_the_address_keeps_it() {
    let Some(browser) = browser() else { return };
    let world = World::new();
    let page = report(&world);
    let open = "document.querySelector('tbody[data-name=\"clones/three\"] .fold').click(); document.body.dataset.address = location.hash;";
    for document in [
        document(&browser, &world, &page, "", open),
        document(&browser, &world, &page, "open=clones-three", ""),
    ] {
        let row = document
            .split("<tbody class=\"repo\"")
            .skip(1)
            .find(|row| row.contains("data-name=\"clones/three\""))
            .expect("the row");
        assert!(row.contains("aria-expanded=\"true\"") && row.contains("diff painted"));
        assert_eq!(
            (
                row.matches("<span class=\"plus\">").count(),
                row.matches("<span class=\"minus\">").count()
            ),
            (3, 3)
        );
        assert!(row.contains("<span class=\"plus\">+good(1)</span>"));
    }
    let kept = document(&browser, &world, &page, "", open);
    assert_eq!(between(&kept, "data-address=\"", "\""), Some("#open=clones-three"));
    let theme = document(&browser, &world, &page, "", "document.querySelector('.theme').click();");
    assert!(theme.contains("data-theme=\"dark\"") || theme.contains("data-theme=\"light\""));
}

#[test]
fn a_phone_shows_every_number() {
    let Some(browser) = browser() else { return };
    let world = World::new();
    let page = report(&world);
    let probe = "const root = inner.documentElement; const seen = [...inner.querySelectorAll('.head > *, .bar b, .tile')].filter((one) => one.offsetParent); document.body.dataset.wide = root.scrollWidth - root.clientWidth; document.body.dataset.out = seen.filter((one) => one.getBoundingClientRect().right > root.clientWidth).length; document.body.dataset.seen = seen.length;";
    let document = crate::chromium::narrow(&browser, &world.path("."), &page, 390, probe);
    assert_eq!(between(&document, "data-wide=\"", "\""), Some("0"));
    assert_eq!(between(&document, "data-out=\"", "\""), Some("0"));
    // Seven columns of six repositories, four tiles, and a number behind each bar.
    let seen = between(&document, "data-seen=\"", "\"").and_then(|seen| seen.parse::<usize>().ok());
    assert!(seen.is_some_and(|seen| seen >= 46 + 3), "{seen:?}");
}

#[test]
fn names_and_texts_of_repositories_stay_text() {
    let Some(browser) = browser() else { return };
    let world = World::new();
    let page = report(&world);
    let all = "document.getElementById('unfold').click(); document.body.dataset.scripts = document.scripts.length; document.body.dataset.images = document.images.length;";
    let document = document(&browser, &world, &page, "", all);
    assert!(!document.contains("data-owned"), "a repository's text was run");
    // Two of the probe and the page's own.
    assert_eq!(between(&document, "data-scripts=\"", "\""), Some("3"));
    assert_eq!(between(&document, "data-images=\"", "\""), Some("0"));
    assert!(document.contains("&lt;script&gt;alert(1)&lt;/script&gt;"));
}

#[test]
fn the_page_asks_nobody_for_anything() {
    let world = World::new();
    let page = report(&world);
    let text = std::fs::read_to_string(&page).expect("the page is read");
    for word in ["http://", "https://", "url(", "@import", "src="] {
        let own = text.replace("&lt;img src=x", "").replace("file:///gone", "");
        assert!(!own.contains(word), "the page holds {word}");
    }
    let Some(browser) = browser() else { return };
    // If the policy did not hold, this listener would be asked for the image and the script.
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    let tempt = format!(
        "for (const kind of ['img', 'script']) {{ const e = document.createElement(kind); e.src = 'http://{address}/' + kind; document.body.append(e); }} fetch('http://{address}/fetch').catch(() => document.body.dataset.refused = 1);"
    );
    let document = document(&browser, &world, &page, "", &tempt);
    assert!(document.contains("data-refused=\"1\""));
    listener.set_nonblocking(true).expect("the listener does not wait");
    std::thread::sleep(Duration::from_millis(200));
    if let Ok((mut stream, _)) = listener.accept() {
        let mut asked = [0; 200];
        let length = stream.read(&mut asked).unwrap_or(0);
        panic!("the page asked: {}", String::from_utf8_lossy(&asked[..length]));
    }
}

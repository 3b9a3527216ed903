//! The page in a real browser: its picture, its filters, its sources, on wide and narrow screens, and that it stays alone.

use crate::chromium::{between, browser};
use crate::project::Project;
use std::path::Path;

fn document(browser: &Path, project: &Project, size: &str, fragment: &str, more: &str) -> String {
    crate::chromium::document(browser, &project.path("."), &project.page(), size, fragment, more)
}

/// The lines of the places that are visible, by their first link.
fn shown(document: &str) -> Vec<&str> {
    let rows = document.split("<li class=\"place").skip(1);
    let visible = rows.filter(|row| !row[..row.find('>').unwrap_or(0)].contains("hidden"));
    visible.filter_map(|row| between(row, "data-line=\"", "\"")).collect()
}

#[test]
fn the_picture_shows_who_sends_what_to_whom() {
    let Some(browser) = browser() else { return };
    let project = Project::new();
    let page = document(&browser, &project, "1200,900", "", "");
    let picture = between(&page, "<div id=\"picture\">", "</svg>").expect("a picture");
    let ways: Vec<&str> = picture
        .split("<g class=\"edge")
        .skip(1)
        .filter_map(|edge| between(edge, "<title>", "</title>"))
        .collect();
    let wanted = [
        "main → ProcessPoolExecutor.submit → main.&lt;locals&gt;.lambda: faulty",
        "main → Pool.map → work: safe",
        "parallel → Pool → load: safe",
        "run → submit → job: unknown",
    ];
    assert!(wanted.iter().all(|way| ways.contains(way)), "{ways:#?}");
    assert_eq!(shown(&page).len(), 8);
}

#[test]
fn it_filters_by_word_verdict_api_and_name() {
    let Some(browser) = browser() else { return };
    let project = Project::new();
    let show =
        |fragment: &str, more: &str| document(&browser, &project, "1200,900", fragment, more);
    let faulty = show(
        "",
        "document.querySelector('.chip[data-verdict=faulty]').click(); document.body.dataset.address = location.hash;",
    );
    assert_eq!(shown(&faulty), ["26"]);
    assert_eq!(faulty.matches("<g class=\"edge").count(), 1);
    assert_eq!(between(&faulty, "data-address=\"", "\""), Some("#verdict=faulty"));
    assert_eq!(shown(&show("verdict=unknown", "")), ["14", "27"]);
    assert_eq!(shown(&show("q=SP101", "")), ["26"]);
    let api = "const a = document.getElementById('api'); a.value = 'Pool.map'; a.dispatchEvent(new Event('change'));";
    assert_eq!(shown(&show("", api)), ["9"]);
    let name = "[...document.querySelectorAll('#picture .node')].find((node) => node.textContent.startsWith('load')).dispatchEvent(new Event('click'));";
    assert_eq!(shown(&show("", name)), ["8"]);
    assert!(show("q=nowhere", "").contains("<p class=\"none\" id=\"nothing\">"));
}

#[test]
fn a_place_opens_its_source() {
    let Some(browser) = browser() else { return };
    let project = Project::new();
    let click = |selector: &str| {
        format!(
            "document.querySelector({selector:?}).dispatchEvent(new MouseEvent('click', {{ bubbles: true }}));"
        )
    };
    let page = document(&browser, &project, "1200,900", "", &click("#picture .edge.v-faulty"));
    assert_eq!(between(&page, "id=\"source-name\">", "<"), Some("main.py:26"));
    assert!(page.contains(
        "<span class=\"row marked\" data-n=\"26\">        executor.submit(lambda: 1)</span>"
    ));
    let definition =
        document(&browser, &project, "1200,900", "", &click(".at[data-path='tasks.py']"));
    assert!(
        definition.contains("<span class=\"row marked\" data-n=\"5\">def load():</span>"),
        "{:?}",
        between(&definition, "id=\"source-name\">", "<")
    );
}

#[test]
fn narrow_screens_need_no_sideways_scrolling() {
    let Some(browser) = browser() else { return };
    let project = Project::new();
    let probe = "document.body.dataset.wide = inner.documentElement.scrollWidth - inner.documentElement.clientWidth; document.body.dataset.tree = inner.querySelectorAll('.sender').length; document.body.dataset.svg = inner.querySelectorAll('#picture svg').length;";
    let document =
        crate::chromium::narrow(&browser, &project.path("."), &project.page(), 390, probe);
    assert_eq!(between(&document, "data-wide=\"", "\""), Some("0"));
    assert_eq!(between(&document, "data-svg=\"", "\""), Some("0"));
    assert_ne!(between(&document, "data-tree=\"", "\""), Some("0"));
}

#[test]
fn names_and_texts_stay_text_and_the_page_asks_nobody() {
    let project = Project::new();
    project.write(
        "</script><script>document.body.dataset.owned=1</script>.py",
        "from multiprocessing import Process\n# </script><script>document.body.dataset.owned = 1</script>\nProcess(target=lambda: '<img src=x onerror=alert(1)>')\n",
    );
    let text = std::fs::read_to_string(project.page()).expect("the page is read");
    for word in ["http://", "https://", "url(", "@import"] {
        let own = text.replace("http://www.w3.org/2000/svg", "");
        assert!(!own.contains(word), "the page holds {word}");
    }
    assert!(text.contains("default-src 'none'"));
    let Some(browser) = browser() else { return };
    let all = "document.querySelectorAll('.at').forEach((at) => at.click()); document.body.dataset.scripts = document.scripts.length; document.body.dataset.images = document.images.length;";
    let page = document(&browser, &project, "1200,900", "", all);
    assert!(!page.contains("data-owned"), "a file's text was run");
    // Two of the probe, two of data, and the page's own.
    assert_eq!(between(&page, "data-scripts=\"", "\""), Some("5"));
    assert_eq!(between(&page, "data-images=\"", "\""), Some("0"));
}

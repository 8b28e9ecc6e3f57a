//! A browser with one page, controlled by the WebDriver protocol.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, TcpStream};
use std::os::unix::fs::MetadataExt as _;
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::{Value, json};

/// A key without a character, as the protocol names it.
pub(crate) const TAB: &str = "\u{e004}";
pub(crate) const ENTER: &str = "\u{e007}";
pub(crate) const ESCAPE: &str = "\u{e00c}";
pub(crate) const LEFT: &str = "\u{e012}";

/// The rules of accessibility, with their licence beside them.
const AXE: &str = include_str!("axe-core/axe.min.js");

/// One browser at a time: each takes a whole processor.
static TURN: Mutex<()> = Mutex::new(());

/// A running browser. It ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Browser {
    driver: Child,
    port: u16,
    session: String,
    _turn: MutexGuard<'static, ()>,
}

/// The size of the window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Size {
    Wide,
    Phone,
}

impl Browser {
    /// Starts a browser.
    pub(crate) fn start() -> Self {
        assert!(
            std::env::var_os("EVENTSOURCING_TEST_BROWSER").is_some(),
            "no browser to test with: run `cargo xtask test`, or install it (on Debian: apt-get install chromium chromium-driver) and set \
             EVENTSOURCING_TEST_BROWSER=1"
        );
        let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
        let started = Command::new("chromedriver").arg("--port=0").stdout(Stdio::piped()).stderr(Stdio::null()).spawn();
        let mut driver = started.expect("chromedriver starts: apt-get install chromium-driver");
        let mut lines = BufReader::new(driver.stdout.take().expect("its output")).lines();
        let port = loop {
            let line = lines.next().expect("the driver says its port").expect("text");
            if let Some((_, port)) = line.rsplit_once("on port ")
                && line.contains("started successfully")
            {
                break port.trim_end_matches('.').parse().expect("a port");
            }
        };
        let mut browser = Self { driver, port, session: String::new(), _turn: turn };
        let is_root = std::fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0);
        let mut arguments = vec!["--headless=new", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars"];
        arguments.extend(is_root.then_some("--no-sandbox"));
        let capabilities = json!({
            "goog:chromeOptions": { "args": arguments },
            "goog:loggingPrefs": { "browser": "ALL" },
            // an overloaded machine takes as long as it takes
            "timeouts": { "script": null, "pageLoad": 86_400_000 },
        });
        let started = browser.ask("POST", "/session", &json!({ "capabilities": { "alwaysMatch": capabilities } }));
        browser.session = started["sessionId"].as_str().expect("a session").to_owned();
        browser
    }

    /// Sends a command outside of a session.
    fn ask(&self, method: &str, path: &str, body: &Value) -> Value {
        let answer = self.exchange(method, path, body).expect("the driver answers");
        let value = serde_json::from_str::<Value>(&answer).expect("JSON")["value"].take();
        assert!(value["error"].is_null(), "{path}: {} {}", value["error"], value["message"]);
        value
    }

    fn exchange(&self, method: &str, path: &str, body: &Value) -> std::io::Result<String> {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port))?;
        let body = if method == "POST" { body.to_string() } else { String::new() };
        let head = format!(
            "{method} {path} HTTP/1.1\r\nhost: localhost:{}\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
            self.port,
            body.len()
        );
        stream.write_all(head.as_bytes())?;
        stream.write_all(body.as_bytes())?;
        // the driver keeps the connection open: its answer is as long as it says
        let mut reader = BufReader::new(stream);
        let (mut line, mut len) = (String::new(), 0);
        while reader.read_line(&mut line)? > 2 {
            if let Some((name, value)) = line.split_once(':')
                && name.eq_ignore_ascii_case("content-length")
            {
                len = value.trim().parse().unwrap_or(0);
            }
            line.clear();
        }
        let mut answer = vec![0; len];
        reader.read_exact(&mut answer)?;
        Ok(String::from_utf8_lossy(&answer).into_owned())
    }

    fn command(&self, method: &str, path: &str, body: &Value) -> Value {
        self.ask(method, &format!("/session/{}{path}", self.session), body)
    }

    /// Opens a page, and waits until it is loaded.
    pub(crate) fn go(&self, url: &str) {
        self.command("POST", "/url", &json!({ "url": url }));
    }

    pub(crate) fn url(&self) -> String {
        self.command("GET", "/url", &Value::Null).as_str().expect("a URL").to_owned()
    }

    /// The text of the page, without its markup.
    pub(crate) fn text(&self) -> String {
        self.run("return document.body.innerText").as_str().expect("text").to_owned()
    }

    /// Runs a script in the page, and returns what it returns.
    pub(crate) fn run(&self, script: &str) -> Value {
        self.command("POST", "/execute/sync", &json!({ "script": script, "args": [] }))
    }

    /// Waits until an expression of the page is true. It is looked at whenever the page changes.
    pub(crate) fn wait_until(&self, condition: &str) {
        let script = format!(
            "const done = arguments[0], check = () => {{ if ({condition}) {{ observer.disconnect(); done(true); }} }}; \
             const observer = new MutationObserver(check); \
             observer.observe(document, {{ subtree: true, childList: true, attributes: true, characterData: true }}); check();"
        );
        self.command("POST", "/execute/async", &json!({ "script": script, "args": [] }));
    }

    /// Clicks on an element.
    pub(crate) fn click(&self, selector: &str) {
        let element = self.find(selector);
        self.command("POST", &format!("/element/{element}/click"), &json!({}));
    }

    /// Does something that leads to another page, and waits until that page is loaded.
    pub(crate) fn follow(&self, act: impl FnOnce(&Self)) {
        self.run("window.isLeft = true");
        act(self);
        while self.run("return window.isLeft !== true && document.readyState === 'complete'") != true {}
    }

    /// Clicks on a link or the button of a form, and waits until the page is loaded that it leads to.
    pub(crate) fn open(&self, selector: &str) {
        self.follow(|browser| browser.click(selector));
    }

    /// Types into an element.
    pub(crate) fn write(&self, selector: &str, text: &str) {
        let element = self.find(selector);
        self.command("POST", &format!("/element/{element}/value"), &json!({ "text": text }));
    }

    fn find(&self, selector: &str) -> String {
        let found = self.command("POST", "/element", &json!({ "using": "css selector", "value": selector }));
        let id = found.as_object().and_then(|found| found.values().next()).and_then(Value::as_str);
        id.expect("an element").to_owned()
    }

    /// Presses and releases a key, wherever the focus is.
    pub(crate) fn press(&self, key: &str) {
        let strokes = ["keyDown", "keyUp"].map(|stroke| json!({ "type": stroke, "value": key }));
        let keyboard = json!({ "type": "key", "id": "keyboard", "actions": strokes });
        self.command("POST", "/actions", &json!({ "actions": [keyboard] }));
    }

    /// Sends a command of the browser's developer tools.
    pub(crate) fn devtools(&self, command: &str, parameters: &Value) -> Value {
        self.command("POST", "/goog/cdp/execute", &json!({ "cmd": command, "params": parameters }))
    }

    pub(crate) fn resize(&self, size: Size) {
        let (width, height) = match size {
            Size::Wide => (1_400, 900),
            Size::Phone => (390, 844),
        };
        let size = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        self.devtools("Emulation.setDeviceMetricsOverride", &size);
    }

    /// Prefers light or dark colours, as a system does.
    pub(crate) fn prefer(&self, scheme: &str) {
        let preferred = json!({ "features": [{ "name": "prefers-color-scheme", "value": scheme }] });
        self.devtools("Emulation.setEmulatedMedia", &preferred);
    }

    /// What the browser has complained about since the last call: scripts that failed, and code and files that the policy forbids.
    pub(crate) fn complaints(&self) -> Vec<String> {
        let log = self.command("POST", "/se/log", &json!({ "type": "browser" }));
        let severe = log.as_array().into_iter().flatten().filter(|entry| entry["level"] == "SEVERE");
        severe.map(|entry| entry["message"].as_str().unwrap_or_default().to_owned()).collect()
    }

    /// Gives the page the rules of accessibility.
    pub(crate) fn bring_rules(&self) {
        self.run(AXE);
    }

    /// The rules that the page breaks (WCAG 2.2 AA and best practice), with the elements that do.
    pub(crate) fn broken_rules(&self) -> Vec<String> {
        let tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
        let script = "const done = arguments[1]; axe.run(document, { runOnly: arguments[0], resultTypes: ['violations'] }).then(found => \
             done(found.violations.map(rule => rule.id + ': ' + rule.nodes.map(node => node.html + ' ' + node.failureSummary).join('; '))), \
             error => done([String(error)]))";
        let found = self.command("POST", "/execute/async", &json!({ "script": script, "args": [tags] }));
        found.as_array().expect("a list").iter().map(Value::to_string).collect()
    }

    /// By how many pixels the page is wider than the window.
    pub(crate) fn overflow(&self) -> i64 {
        self.run("return document.documentElement.scrollWidth - innerWidth").as_i64().expect("a number")
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // the driver ends its browser only if it is asked to
        let _ = self.exchange("DELETE", &format!("/session/{}", self.session), &Value::Null);
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}

//! What a shell sees of the program: completions, version, help, signals.

use crate::program::run;

#[test]
fn completions() {
    for (shell, mark) in
        [("bash", "complete -F"), ("zsh", "#compdef iot-home"), ("fish", "complete -c iot-home")]
    {
        let script = run(["completions", shell]);
        assert_eq!(script.code, 0);
        assert!(script.stdout.contains(mark) && script.stdout.contains("discover"), "{shell}");
        assert!(script.stdout.contains("sunrise"), "the names of presets are completed: {shell}");
        let json = run(["completions", shell, "--json"]).done();
        assert_eq!(json["script"], script.stdout);
    }
}

#[test]
fn the_version_names_the_features() {
    let version = run(["--version"]);
    assert_eq!(version.code, 0);
    let expected = format!("iot-home {}\n", env!("CARGO_PKG_VERSION"));
    assert!(
        version.stdout.starts_with(&expected)
            && version.stdout.ends_with(
                "features: miio, sim, yeelight, aliyun, tencent, mqtt, micloud, miot, hub\n"
            ),
        "{version:?}"
    );
    let json = run(["--version", "--json"]).done();
    assert_eq!(json["version"], env!("CARGO_PKG_VERSION"));
    let features =
        ["miio", "sim", "yeelight", "aliyun", "tencent", "mqtt", "micloud", "miot", "hub"];
    assert_eq!(json["features"], serde_json::json!(features));
}

#[test]
fn help_is_there_for_every_command() {
    for words in [
        &["--help"][..],
        &["help"],
        &["demo", "--help"],
        &["discover", "--help"],
        &["miio", "--help"],
        &["miio", "call", "--help"],
        &["miio", "decode", "--help"],
        &["miio", "token", "decode", "--help"],
        &["yeelight", "--help"],
        &["yeelight", "list", "--help"],
        &["yeelight", "set", "--help"],
        &["yeelight", "flow", "--help"],
        &["yeelight", "scene", "--help"],
        &["yeelight", "scene", "127.0.0.1", "hsv", "--help"],
        &["yeelight", "watch", "--help"],
        &["sim", "miio", "--help"],
        &["sim", "mqtt", "--help"],
        &["aliyun", "credentials", "--help"],
        &["tencent", "credentials", "--help"],
        &["mqtt", "decode", "--help"],
        &["cloud", "sign", "--help"],
        &["cloud", "decrypt", "--help"],
        &["sim", "yeelight", "--help"],
    ] {
        let help = run(words);
        assert_eq!((help.code, help.stderr.as_str()), (0, ""), "{words:?}");
        assert!(help.stdout.contains("Usage: iot-home"), "{words:?}");
    }
    // A command of more than a word is shown, not only described.
    for command in ["list", "get", "on", "set", "flow", "scene", "timer", "call"] {
        let help = run(["yeelight", command, "--help"]).stdout;
        assert!(help.contains(&format!("\n  iot-home yeelight {command} ")), "{help}");
    }
    // Who gives a token on the command line is told who can read it.
    assert!(run(["miio", "info", "--help"]).stdout.contains("Other users"));
    assert!(run(["miio", "--help", "--json"]).done()["help"].is_string());
    // Said twice, it is still said.
    assert!(run(["--json", "miio", "encode", "--hello", "--json"]).done()["packet"].is_string());
}

#[cfg(unix)]
mod signals {
    use std::io::{BufRead as _, BufReader};
    use std::process::{Child, Command, Stdio};
    use std::thread;
    use std::time::Duration;

    use iot_home::core::{Clock as _, SystemClock};

    use crate::program::{TOKEN, command};

    fn send(signal: &str, child: &Child) {
        let sent = Command::new("kill").args([signal, &child.id().to_string()]).status();
        assert!(sent.unwrap().success());
    }

    /// Interrupts the program after a moment and returns its exit code.
    #[track_caller]
    fn interrupted(words: &[&str]) -> Option<i32> {
        // Its stdin stays open, so that what reads it waits.
        let mut child = command(words).stdin(Stdio::piped()).spawn().unwrap();
        let stdin = child.stdin.take();
        thread::sleep(Duration::from_millis(600));
        assert!(child.try_wait().unwrap().is_none(), "{words:?} ended by itself");
        send("-INT", &child);
        let clock = SystemClock::new();
        let code = child.wait().unwrap().code();
        assert!(
            clock.now().since_origin() < Duration::from_secs(1),
            "{words:?} took {:?}",
            clock.now().since_origin()
        );
        drop(stdin);
        let output = child.wait_with_output().unwrap();
        assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{words:?}");
        code
    }

    #[test]
    fn an_interrupt_ends_every_command() {
        let silent = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
        let addr = silent.local_addr().unwrap().to_string();
        // It takes connections and says nothing.
        let mute = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let bulb = mute.local_addr().unwrap().to_string();
        for (words, code) in [
            (&["miio", "hello", &addr][..], 130),
            (&["miio", "info", &addr, "--token", TOKEN, "--json"], 130),
            (&["miio", "info", &addr, "--token-file", "-"], 130),
            (&["miio", "encode", "--token", TOKEN, "--did", "1", "--stamp", "1", "-"], 130),
            (&["miio", "decode", "-"], 130),
            (&["mqtt", "decode", "-"], 130),
            (&["cloud", "decrypt", "--ssecurity", "AA==", "--nonce", "ABEiM0RVZncBsFUV", "-"], 130),
            (&["cloud", "decrypt", "--ssecurity", "AA==", "--har", "-"], 0),
            (&["discover", "--protocol", "miio", "--target", &addr], 0),
            (&["miio", "decode", "--pcap", "-"], 0),
            (&["yeelight", "get", &bulb], 130),
            (&["yeelight", "toggle", &bulb, "--json"], 130),
            (&["yeelight", "list", "--target", &addr], 0),
            (&["yeelight", "watch", &bulb, "--json"], 0),
            (&["sim", "miio", "--listen", "127.0.0.1:0", "--json"], 0),
            (&["sim", "yeelight", "--listen", "127.0.0.1:0", "--json"], 0),
        ] {
            assert_eq!(interrupted(words), Some(code), "{words:?}");
        }
    }

    #[test]
    fn a_simulator_ends_when_it_is_told_to() {
        let mut child =
            command(["sim", "miio", "--listen", "127.0.0.1:0", "--json"]).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        send("-TERM", &child);
        assert_eq!(child.wait().unwrap().code(), Some(0));
    }
}

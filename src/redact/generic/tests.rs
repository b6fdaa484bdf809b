//! What the detector finds and what it leaves alone, notation by notation.

use std::ops::Range;

use proptest::prelude::*;

use super::{ANCHORS, Scan};
use crate::finding::Confidence;
use crate::rule::expand;

fn all(text: &str) -> Vec<(Range<usize>, Confidence)> {
    let lower = text.to_ascii_lowercase();
    let mut scan = Scan::new(text);
    let mut hits: Vec<Range<usize>> = ANCHORS
        .iter()
        .flat_map(|word| lower.match_indices(word).map(|(at, _)| at..at + word.len()))
        .collect();
    hits.sort_by_key(|hit| hit.end);
    let mut found: Vec<_> = hits.into_iter().filter_map(|hit| scan.at(hit)).collect();
    found.dedup();
    found
}

fn found(text: &str) -> Option<String> {
    all(text).first().map(|(range, _)| text[range.clone()].to_owned())
}

#[test]
fn assignments_are_read_in_every_notation() {
    let value = expand("%{32}");
    for line in [
        "api_key = \"V\"",
        "apiToken: 'V'",
        "\"secret\": \"V\"",
        "SECRET_KEY=V",
        "export API_TOKEN=V",
        "token := \"V\"",
        "\"vendorToken\" => \"V\"",
        "config[\"api_key\"] = \"V\"",
        "api_key: str = \"V\"",
        "const TOKEN: &str = \"V\";",
        "setenv(\"API_TOKEN\", \"V\")",
        "<apiKey>V</apiKey>",
        "client.setApiKey(\"V\")",
        "--api-key V",
        "{\\\"token\\\": \\\"V\\\"}",
        "$token .= \"V\"",
        "TOKEN ?= \"V\"",
        "TOKEN ::= \"V\"",
        "var token string = \"V\"",
        "<token>\n    V\n</token>",
    ] {
        assert_eq!(found(&line.replace('V', &value)).as_ref(), Some(&value), "{line}");
    }
}

#[test]
fn what_is_no_secret_stays_silent() {
    for line in [
        "password = \"changeme\"",
        "api_key = os.environ[\"API_KEY\"]",
        "token = get_token(request)",
        "\"key\": \"ctrl+shift+down\"",
        "secret = \"${SECRET}\"",
        "password: <password>",
        "TOKEN={{ token }}",
        "api_key = settings.API_KEY",
        "token_url = \"https://example.com/oauth/v2/token1\"",
        "author = \"someone1234\"",
        "password_field = \"password1_input\"",
        "self.token = token",
        "password=\"testpass123\"",
        "keyword_token = \"abc\"",
        "key",
        "password = \"",
    ] {
        assert_eq!(found(line), None, "{line}");
    }
}

#[test]
fn constants_and_types_are_no_secrets() {
    for line in [
        "pub const STATUS_PASSWORD: u32 = 16384u32;",
        "const BAD_PASSWORD: NTSTATUS = 0xC000006B_u32 as _;",
        "#define BAD_PASSWORD 0x8007001FUL",
        "fn hash(sha2_pass: &Output<Sha512>, salt: &[u8])",
        "    pub Password: super::super::Win32::Foundation::UNICODE_STRING,",
        "fn from(private_key: Ed25519PrivateKey) -> Self {",
        "    fn from(private: Ed25519PrivateKey) -> Ed25519PublicKey {",
        "Win32_System_Password = [\"Win32_System\"]",
        "It runs faster than equivalent two-pass memchr2+SWAR code on",
    ] {
        assert_eq!(found(line), None, "{line}");
    }
    assert_eq!(found("password: Summer2024Time\n").as_deref(), Some("Summer2024Time"));
}

#[test]
fn every_special_anchor_is_searched_for() {
    for word in super::command::ANCHORS.iter().chain(super::prose::KEYWORDS) {
        assert!(ANCHORS.contains(word), "{word}");
    }
}

#[test]
fn every_notation_leads_to_its_value() {
    let token = expand("%{32}");
    for line in [
        "api_key: |\n  §\n",
        "- name: API_TOKEN\n  value: §\n",
        "{\"name\":\"API_TOKEN\",\"value\":\"§\"}",
        "<add key=\"ApiToken\" value=\"§\"/>",
        "<property name=\"apiToken\">\n<value>§</value>",
        "variable \"api_token\" {\n  default = \"§\"\n}",
        "api.token=§",
        "api_token : §",
        "set API_TOKEN=§",
        "setx API_TOKEN §",
        "$env:API_TOKEN = \"§\"",
        "$env:API_TOKEN=§",
        "set -gx API_TOKEN §",
        "ENV API_TOKEN §",
        "ENV API_TOKEN=§",
        "ARG API_TOKEN=§",
        "X-Api-Key: §",
        "api_token = SecretStr(\"§\")",
        "api_keys = [\"§\"]",
        "os.environ[\"API_TOKEN\"] = '§'",
        "@Value(apiToken = \"§\")",
        "API_TOKEN := §",
        "the api token is §",
        "my api key: §",
        "my access key = §",
        "PHPSESSID=§",
        "Cookie: sessionid=§; a=b",
        "define('AUTH_SALT', '§');",
        "bearer: \"§\"",
        "GH_PAT=§",
        "kubectl create secret generic x --from-literal=token=§",
    ] {
        assert_eq!(found(&line.replace('§', &token)).as_ref(), Some(&token), "{line}");
    }
    for password in ["hunter3-Blue!", "S3cret!pw9", "kV7#qz9xL", "Tr0ub4dor&3"] {
        for line in [
            "password = \"§\"",
            "password: §",
            "DB_PASSWORD=§",
            "export DB_PASSWORD=§",
            "db.password=§\n",
            "password : §",
            "spring.datasource.password=§",
            "<password>§</password>",
            "machine h.example login bob password §",
            "machine h\n  login bob\n  password §\n",
            "ALTER USER bob WITH PASSWORD '§';",
            "CREATE USER bob IDENTIFIED BY '§';",
            "SET PASSWORD FOR bob = PASSWORD('§');",
            "curl -u bob:§ https://h.example/",
            "mysql -uroot -p'§' shop",
            "sshpass -p '§' ssh h",
            "docker login -u bob -p '§' h.example",
            "ConvertTo-SecureString \"§\" -AsPlainText -Force",
            "h.example:5432:shop:bob:§",
            "the password is §",
            "The password is \"§\".",
            "Password: `§`",
            "use password § for user bob",
            "password for the admin account is §",
            "pw: §",
            "log in with admin / §",
            "Das Passwort ist §",
            "Das Kennwort lautet §.",
            "le mot de passe est §",
            "la contrase\u{f1}a es §",
            "la parola d'ordine: §",
            "a senha \u{e9} §",
            "het wachtwoord is §",
            "has\u{142}o to §",
            "l\u{f6}senordet \u{e4}r §",
            "\u{5bc6}\u{7801}\u{662f}§",
            "\u{43f}\u{430}\u{440}\u{43e}\u{43b}\u{44c}: §",
            "\u{41f}\u{430}\u{440}\u{43e}\u{43b}\u{44c} \u{434}\u{43b}\u{44f} \u{431}\u{430}\u{437}\u{44b}: §",
            "credentials: admin / §",
            "Sign in as bob / §",
        ] {
            assert_eq!(found(&line.replace('§', password)).as_deref(), Some(password), "{line}");
        }
    }
}

#[test]
fn look_alikes_stay_silent() {
    let hex = expand("%{40:hex}");
    let base64 = expand("%{86}==");
    for line in [
        // Lookups, code and names.
        "password = user.password2",
        "token = response.data.token2fa",
        "api_key=config.api_key_v2,",
        "secret = new_secret_v2",
        "password = hash256(x)",
        "auth = django.contrib.auth.backends2.ModelBackend",
        "key = \"user_auth_key_v2_2024\"",
        "TOKEN = \"AUTH_TOKEN_V2_2024\"",
        "key = 'getUserToken2Handler'",
        "password: *default_password1",
        "password = \"password1\"",
        "DB_PASSWORD=DB_PASSWORD1",
        "\"password\": \"superS3cret\"",
        "pass = pass2",
        "self.client.get(\"/reset/123456/1-1/\")",
        // Templates.
        "password = \"#password1#\"",
        "token: \"@token_v2@\"",
        "token = \"%(token2)s\"",
        "password = f\"{prefix}9x\"",
        "secret: {{ vault.secret2 }}",
        "api_key = \"__API_KEY_1__\"",
        // Alphabets, sequences, dates, versions, numbers.
        "key = \"abcdefghijklmnopqrstuvwxyz0123456789\"",
        "key = \"ACDEFGHJKLMNPQRTUVWXYZ234679bcdfghjk\"",
        "token = \"2016-09-08T21:47:36Z\"",
        "secret_version = \"v1.2.3-beta4+build567\"",
        "token = \"1.20.333-beta.4+build567\"",
        "js-tokens: \"npm:^4.0.0\"",
        "\"PW\": \"\\u12ab\\u12a2\\u122d\\u1295\"",
        "\"@made-up/auth-token\": \"workspace:^9.0.3\"",
        "key = 0x1F2E3D4C5B6A7988",
        "api_key = \"12345678901234567890\"",
        // Hashes of passwords.
        "password = \"pbkdf2_sha256$600000$aB3dE5fG7hJ9$kL1mN3pQ5rS7tU9vW1xY3z=\"",
        "password = \"md5$aB3dE5fG7hJ9$0f1e2d3c4b5a69788796a5b4c3d2e1f0\"",
        "password: $6$aB3dE5fG$kL1mN3pQ5rS7tU9vW1xY3zkL1mN3pQ5rS7tU9v",
        "password = \"{SSHA}kL1mN3pQ5rS7tU9vW1xY3z\"",
        // Files, hosts, media types, resources.
        "key = \"certs/server1.internal9.pem\"",
        "token = \"/run/secrets/api-token-2a3b4c\"",
        "key: api2.shop9.internal:8443",
        "key = \"application/vnd.shop9.v2+json\"",
        "key = \"vpc-0a1b2c3d4e5f60718\"",
        "key = \"arn:aws:kms:eu-west-1:111122223333:key/x\"",
        "key = \"cn=admin1,dc=shop9,dc=example2\"",
        "key = \"ctrl+shift+F12\"",
        "key = \"iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJ\"",
        // What everybody may know.
        "csrf_token = \"aB3dE5fG7hJ9kL1mN3pQ5rS7tU9vW1xY\"",
        "invalid_token = \"aB3dE5fG7hJ9kL1mN3pQ5rS7tU9vW1xY\"",
        "publishable_key = \"aB3dE5fG7hJ9kL1mN3pQ5rS7tU9vW1xY\"",
        "API_CLIENT_KEY=aB3dE5fG7hJ9kL1mN3pQ5rS7tU9vW1xY",
        "data-key=\"user-42-row-7\"",
        // Prose about passwords.
        "The password is required and must have at least 8 characters.",
        "The password is not hashed with PBKDF2-SHA256.",
        "Passwords are hashed with sha256.",
        "password (12-character minimum)",
        "use password authentication over TLS1.2",
        "the password is stored in `/etc/app/secret2.conf`",
        "the token is valid for 3600s",
        "password must be 8-64 characters",
        "a password field with id=id_password2",
        "log in with OAuth2 / OpenID",
        "login with username and password1",
        "the secret is `settings.SECRET_KEY_2`",
        "msgid \"Password (again)\"",
        "the password is `None`",
        "pass 2 of the compiler",
        // Commands without passwords.
        "curl -u $USER:$PASS https://h.example/",
        "mysql -u root -p$MYSQL_PASSWORD",
        "mysql -u root -ppassword",
        "docker login -u bob -p ${TOKEN} h.example",
        "CREATE USER bob IDENTIFIED BY 'password';",
    ] {
        assert_eq!(found(line), None, "{line}");
    }
    for line in [
        "commit_key = \"V\"",
        "cache-key: V",
        "integrity = 'V'",
        "password_hash: V",
        "key_fingerprint = \"V\"",
    ] {
        for value in [&hex, &base64] {
            assert_eq!(found(&line.replace('V', value)), None, "{line}");
        }
    }
}

#[test]
fn a_weak_password_and_one_of_a_test_are_less_sure() {
    let sure = |text: &str| all(text).first().map(|one| one.1);
    assert_eq!(sure("password = \"kV7#qz9xL\""), Some(Confidence::Medium));
    assert_eq!(sure("password = \"summer2019\""), Some(Confidence::Low));
    assert_eq!(sure("DB_PASSWORD=summer2019"), Some(Confidence::Low));
    assert_eq!(sure("test_password = \"kV7#qz9xL\""), Some(Confidence::Low));
}

/// Passwords and tokens that no rule of words can hold back: consonants, digits and marks in turns.
fn password() -> impl Strategy<Value = String> {
    "[BCDFGHJKLMNPQRSTVWXZ][bcdfghjkmnpqrstvwxz]{2}[2-9][!#%^*+~?][bcdfghjkmnpqrstvwxz][2-9][BCDFGHJKLMNPQRSTVWXZ]{2}"
}

fn token() -> impl Strategy<Value = String> {
    prop::collection::vec("[BCDFGHJKLMNPQRSTVWXZ][2-9][bcdfghjkmnpqrstvwxz]", 8..14)
        .prop_map(|parts| parts.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_password_is_found_in_every_notation(secret in password()) {
        for (before, behind) in [
            ("password = \"", "\"\n"),
            ("x = connect(user='a', password='", "')"),
            ("  \"password\": \"", "\","),
            ("password: ", "\n"),
            ("export DB_PASSWORD=", "\n"),
            ("DB_PASSWORD='", "'"),
            ("- name: DB_PASSWORD\n  value: '", "'\n"),
            ("<password>", "</password>"),
            ("{\"key\": \"db.password\", \"value\": \"", "\"}"),
            ("IDENTIFIED BY '", "';"),
            ("curl -u 'bob:", "' https://h.example"),
            ("sshpass -p '", "' ssh h"),
            ("ConvertTo-SecureString '", "' -AsPlainText"),
            ("the password is ", "\n"),
            ("the password for bob is `", "`."),
            ("Das Passwort lautet \"", "\"."),
            ("login with bob / ", " now"),
        ] {
            let text = format!("{before}{secret}{behind}");
            let ranges: Vec<_> = all(&text).into_iter().map(|one| one.0).collect();
            prop_assert_eq!(ranges, [before.len()..before.len() + secret.len()], "{}", text);
        }
    }

    #[test]
    fn a_token_is_found_in_every_notation(secret in token()) {
        for (before, behind) in [
            ("api_token = \"", "\"\n"),
            ("\"accessToken\": \"", "\"}"),
            ("{\\\"secret\\\": \\\"", "\\\"}"),
            ("SECRET_KEY=", "\n"),
            ("secret_key: ", " # live\n"),
            ("- name: \"API_TOKEN\"\n  value: ", "\n"),
            ("<apiKey>\n  ", "\n</apiKey>"),
            ("--api-key ", " --verbose"),
            ("X-Api-Key: ", "\r\n"),
            ("the api key is ", ", thanks"),
            ("setx API_TOKEN ", "\r\n"),
        ] {
            let text = format!("{before}{secret}{behind}");
            let ranges: Vec<_> = all(&text).into_iter().map(|one| one.0).collect();
            prop_assert_eq!(ranges, [before.len()..before.len() + secret.len()], "{}", text);
        }
    }

    #[test]
    fn no_text_panics_and_every_range_is_one_of_the_text(
        pieces in prop::collection::vec(
            prop_oneof![
                prop::sample::select(ANCHORS),
                prop::sample::select(vec![
                    " is ", ": ", "=", "\"", "'", "\\", "\n", "  ", "- name: ", "value: ", "{", "}", "|\n", "<", ">", " -p", " -u a:",
                    " by '", "(", "[", "``", "\u{e9}", "\u{1f600}", "\u{a0}", "\u{201e}", "x9K!", ",", "/", "admin", "for ", "\"\"\"",
                ]),
            ],
            0..24,
        ),
        other in ".{0,12}",
    ) {
        let text = pieces.concat() + &other + &pieces.concat();
        for (range, _) in all(&text) {
            prop_assert!(text.get(range).is_some_and(|value| !value.is_empty()));
        }
    }
}

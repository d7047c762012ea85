"""The sentences of the pages, collected for translators.

Sentences are what templates and Python give to ``_``, ``gettext``, ``ngettext``, ``pgettext`` and
``sentence``, the titles of menu entries, parts of the overview and columns of lists, the names of
roles, and what errors of the pages say where it is the same every time. To them come the words of
the domain that pages say as records and tables have them: the relations of a chain of evidence,
the meanings of codes, the titles of profiles and duties.
"""

from __future__ import annotations

import argparse
import ast
import io
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po, write_po
from jinja2.ext import babel_extract

WEB = Path(__file__).resolve().parent.parent / "src" / "keiryo" / "web"
LOCALE = WEB / "locale"
TRANSLATED = ("ja",)
FUNCTIONS = {"_": 1, "gettext": 1, "sentence": 1, "ngettext": 2, "pgettext": 2}
"""How many literal arguments each takes."""

TITLED = {
    "MenuEntry": {0: "title", 2: "group"},
    "OverviewPart": {1: "title"},
    "ListColumn": {1: "title", 5: "choices"},
    "Hit": {0: "kind"},
    "Role": {0: "name", 1: "doc"},
    **{
        f"{kind}Error": {0: "message", 1: "advice"}
        for kind in ("NotFound", "NotPermitted", "Refused", "Conflict", "Usage")
    },
}
"""Which arguments of these are shown, by position and name."""

SHOWN_TABLES = {"GROUPS", "KINDS", "RELATIONS", "STATES", "TITLES", "_WORDS", "JOB_STATES"}
NOT_SHOWN = {"web/settings.py", "web/app.py", "web/server.py", "web/sections.py"}
"""Whose errors come up when the server starts, not on pages."""

OTHER_SOURCES = (WEB.parent / "people" / "model.py",)
SHOWN_DATA = {
    "entry_codes": ("entry_code", "meaning"),
    "profiles": ("profile", "title"),
    "duties": ("duty", "title"),
}
"""What pages say of shipped tables: the list in the file, and its field."""

SECOND_SHOWN = ("Link", "LineKind")
"""Whose second argument pages say, wherever in the package it is written."""

PACKAGE = WEB.parent
GLOSSARIES = {
    "ja": """\
# One word for one thing, as nuclear material accountancy in Japan has it:
#   nuclear material accounting 核物質計量管理; material balance area 物質収支区域（MBA）; key
#   measurement point 主要測定点（KMP）; category 種類; batch バッチ; rebatching リバッチング
#   inventory change 在庫変動; inventory change report 在庫変動報告（ICR）; material balance report
#   物質収支報告（MBR）; physical inventory listing 実在庫量明細表（PIL）; entry 記載事項
#   receipt 受入; shipment 払出; in transit 輸送中; shipper/receiver difference 受払間差異（SRD）
#   book inventory 帳簿在庫; physical inventory 実在庫; physical inventory taking 実在庫確認（PIT）;
#   adjusted book inventory 調整帳簿在庫; material unaccounted for 不明物質量（MUF）
#   closing 締め; material balance 物質収支; evaluation 評価; verdict 判定; stratum 層; error source
#   誤差要因; control measurement 管理測定; significant quantity 有意量（SQ）
#   finding 指摘事項; query 照会; correction 訂正; advance notice 事前通告; statement 在庫通知;
#   exemption 免除; retained waste 保管廃棄物; obligation 供給当事国義務
#   act 行為; record 記録; post 記帳する; evidence 証拠; checkpoint チェックポイント; digest
#   ダイジェスト; accept 受理する; release 発出する; return 差し戻す; withdraw 取り下げる
#   facility accountant 施設計量管理者; State officer 国の計量管理担当官; inspector 査察官; auditor
#   監査人; administrator システム管理者; person 利用者; role 役割; four eyes 二者承認
#   containment 封じ込め; surveillance 監視; seal 封印; camera カメラ; view 視野; image 画像
#   coverage C/Sの状況; way (into a containment) 出入経路; continuity of knowledge 知識の連続性
#   review レビュー; screening スクリーニング; event 変化; settled scene 静止状態
#   declared operation 申告操作; conclusion 結論; anomaly 異常; positive 良好
#   inconclusive 結論不能; pending 判定待ち
# Sentences end with 。 and are polite (です・ます); headings and buttons are nouns or verbs.
# Brackets, colons and waves beside Japanese are full width.
""",
}
HEADER = """\
# keiryo: the pages in {language}.
{glossary}msgid ""
msgstr ""
"Project-Id-Version: keiryo\\n"
"Language: {language}\\n"
"MIME-Version: 1.0\\n"
"Content-Type: text/plain; charset=utf-8\\n"
"Content-Transfer-Encoding: 8bit\\n"

"""
PLACEHOLDER = re.compile(r"%\((\w+)\)[sd]|\{(\w+)\}")

Sentence = tuple[str, str | tuple[str, str], str | None]
"""Place, sentence or its two English forms, context."""


def collected() -> Catalog:
    """Return every sentence of the pages, without translations."""
    catalog = Catalog(fuzzy=False)
    for place, message, context in sorted(
        [*of_templates(), *of_python(), *of_domain(), *of_data()],
        key=lambda one: (one[0], str(one[1])),
    ):
        catalog.add(message, locations=[(place, 0)], context=context)
    return catalog


def of_templates() -> Iterator[Sentence]:
    options = {"silent": "false", "newstyle_gettext": "true", "extensions": "jinja2.ext.do"}
    for file in sorted((WEB / "templates").rglob("*.html")):
        place = file.relative_to(WEB.parent).as_posix()
        with file.open("rb") as stream:
            found = babel_extract(stream, ("_", "gettext", "ngettext", "pgettext"), (), options)
            for _, function, message, _ in found:
                given = message if isinstance(message, tuple) else (message,)
                texts = [text for text in given if isinstance(text, str)]
                if len(texts) < FUNCTIONS[function]:
                    continue  # a sentence of a variable, which is collected where it is written
                if function == "pgettext":
                    yield place, texts[1], texts[0]
                elif function == "ngettext":
                    yield place, (texts[0], texts[1]), None
                else:
                    yield place, texts[0], None


def of_python() -> Iterator[Sentence]:
    for file in sorted([*WEB.rglob("*.py"), *OTHER_SOURCES]):
        place = file.relative_to(WEB.parent).as_posix()
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                for message, context in of_call(node, errors=place not in NOT_SHOWN):
                    yield place, message, context
            elif isinstance(node, ast.Assign | ast.AnnAssign) and names(node) & SHOWN_TABLES:
                for text in literals(node.value) if node.value else ():
                    if not is_code(text):
                        yield place, text, None


def names(assignment: ast.Assign | ast.AnnAssign) -> set[str]:
    targets = assignment.targets if isinstance(assignment, ast.Assign) else [assignment.target]
    return {target.id for target in targets if isinstance(target, ast.Name)}


def is_code(text: str) -> bool:
    """Return whether a text is an official code and no sentence."""
    return text.isupper() and len(text) <= 4


def of_call(call: ast.Call, *, errors: bool) -> Iterator[tuple[str | tuple[str, str], str | None]]:
    function = call.func
    name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
    if name in FUNCTIONS:
        texts = [literals(one) for one in call.args[: FUNCTIONS[name]]]
        if len(texts) == FUNCTIONS[name] and all(len(one) == 1 for one in texts):
            given = [one[0] for one in texts]
            if name == "ngettext":
                yield (given[0], given[1]), None
            elif name == "pgettext":
                yield given[1], given[0]
            else:
                yield given[0], None
    if name.endswith("Error") and not errors:
        return
    for position, keyword in TITLED.get(name, {}).items():
        shown = [one.value for one in call.keywords if one.arg == keyword]
        for value in shown or call.args[position : position + 1]:
            for text in literals(value):
                if not is_code(text):
                    yield text, None


def of_domain() -> Iterator[Sentence]:
    """Yield the relations of chains of evidence, and what kinds of lines are, from the package."""
    for file in sorted(PACKAGE.rglob("*.py")):
        text = file.read_text(encoding="utf-8")
        if not any(f"{name}(" in text for name in SECOND_SHOWN):
            continue
        place = file.relative_to(PACKAGE).as_posix()
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in SECOND_SHOWN:
                for words in (words for one in node.args[1:2] for words in literals(one)):
                    yield place, words, None


def of_data() -> Iterator[Sentence]:
    for table, (rows, field) in SHOWN_DATA.items():
        file = PACKAGE / "data" / f"{table}.toml"
        for row in tomllib.loads(file.read_text(encoding="utf-8"))[rows]:
            if text := str(row.get(field, "")):
                yield f"data/{file.name}", text, None


def literals(node: ast.AST) -> list[str]:
    """Return the text of a literal, or those of a tuple of literals."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return [node.value] if node.value else []
    if isinstance(node, ast.Dict):
        return [text for one in node.values for text in literals(one)]
    if isinstance(node, ast.Tuple | ast.List):
        return [text for one in node.elts for text in literals(one)]
    return []


def written(catalog: Catalog, language: str) -> str:
    """Return a catalogue as the text of its file; the same sentences give the same text."""
    stream = io.BytesIO()
    write_po(
        stream,
        catalog,
        width=100,
        omit_header=True,
        sort_output=True,
        ignore_obsolete=True,
        include_lineno=False,
    )
    return head(language) + stream.getvalue().decode("utf-8").strip() + "\n"


def head(language: str) -> str:
    return HEADER.format(language=language, glossary=GLOSSARIES.get(language, ""))


def renewed(language: str, sentences: Catalog) -> Catalog:
    """Return the catalogue of a language with the sentences of today and its translations."""
    file = LOCALE / language / "keiryo.po"
    kept = Catalog(locale=language, fuzzy=False)
    if file.is_file():
        with file.open("rb") as stream:
            kept = read_po(stream, locale=language)
    kept.update(sentences, no_fuzzy_matching=True)
    return kept


def faults(catalog: Catalog) -> list[str]:
    """Return what is wrong with the translations of a catalogue, a line for each sentence."""
    return [f"{place(one)}: {fault}: {one.id!r}" for one in catalog if one.id for fault in of(one)]


def of(message: Message) -> Iterator[str]:
    english = message.id if isinstance(message.id, tuple | list) else (message.id,)
    given = message.string
    said = [str(text or "") for text in (given if isinstance(given, tuple | list) else (given,))]
    if not all(text.strip() for text in said):
        yield "not translated"
        return
    if message.fuzzy:
        yield "translation not confirmed"
    wanted = sorted(PLACEHOLDER.findall(english[-1]))
    for text in said:
        if sorted(PLACEHOLDER.findall(text)) != wanted:
            yield f"placeholders differ in {text!r}"
        if text.count("%%") != english[-1].count("%%"):
            yield f"'%%' differs in {text!r}"


def place(message: Message) -> str:
    return ", ".join(sorted({file for file, _ in message.locations}))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing, say what is missing")
    only_check = parser.parse_args().check
    sentences = collected()
    wrong = []
    if not only_check:
        (LOCALE / "keiryo.pot").write_text(written(sentences, "en"), encoding="utf-8")
    for language in TRANSLATED:
        catalog = renewed(language, sentences)
        wrong += [f"{language}: {fault}" for fault in faults(catalog)]
        if not only_check:
            file = LOCALE / language / "keiryo.po"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(written(catalog, language), encoding="utf-8")
    print("\n".join(wrong) or "every sentence is translated")
    return 1 if wrong and only_check else 0


if __name__ == "__main__":
    raise SystemExit(main())

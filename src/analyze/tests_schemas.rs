//! What schemas, typed fields and declared options make of data.

use super::tests::{expected, linked, reported};

/// Programs, each after a line with its path; a line that is reported says so, as in the pages.
const PROGRAMS: &str = include_str!("tests_schemas.txt");

#[test]
fn data_is_what_its_schema_says() {
    for program in PROGRAMS.strip_prefix("# src/").unwrap_or(PROGRAMS).split("\n# src/") {
        for (index, part) in program.split("\n# app/").enumerate() {
            let (path, text) = part.split_once('\n').unwrap_or((part, ""));
            let path = format!("{}/{path}", if index == 0 { "src" } else { "app" });
            let mut expected = expected(text);
            expected.dedup();
            assert_eq!(reported(&path, text), expected, "{path}");
        }
    }
}

/// Checks several files against the `expect:` comments in them.
fn holds(files: &[(&str, &str)]) {
    for (path, text) in files {
        let mut found: Vec<(u32, String)> = linked(files)
            .into_iter()
            .filter(|finding| finding.location.path == *path)
            .map(|finding| (finding.location.region.start_line, finding.rule))
            .collect();
        found.sort();
        found.dedup();
        assert_eq!(found, expected(text), "{path}");
    }
}

const TYPES: &str = "\
from enum import Enum
from typing import Literal
from pydantic import BaseModel
from rest_framework import serializers


class Mode(str, Enum):
    fast = 'fast'


class Item(BaseModel):
    mode: Mode
    kind: Literal['a', 'b']
    count: int
    name: str


class ItemSerializer(serializers.Serializer):
    count = serializers.IntegerField()
    name = serializers.CharField()
";

#[test]
fn types_of_another_file_convert() {
    holds(&[
        ("app/types.py", TYPES),
        (
            "app/main.py",
            "\
import os
from fastapi import FastAPI
from app.types import Item, Mode
from app import types
app = FastAPI()


@app.get('/a')
def one(mode: Mode, also: types.Mode, other: Mode | None = None):
    os.system(f'run {mode.value} {also} {other}')


@app.post('/b')
def two(item: Item):
    os.system(f'run {item.mode.value} {item.kind} {item.count}')
    os.system(f'run {item.name}')  # expect: command-injection
    os.system(f'run {item}')  # expect: command-injection


class Own(Item):
    inner: Item
    mode: Mode


@app.post('/c')
def three(own: Own):
    os.system(f'run {own.mode} {own.inner.count}')
    os.system(f'run {own.inner.name}')  # expect: command-injection
",
        ),
        (
            "app/views.py",
            "\
import os
from flask import request
from rest_framework.decorators import api_view
from app.types import ItemSerializer, Mode, Item


@api_view(['POST'])
def view(request):
    s = ItemSerializer(data=request.data)
    s.is_valid(raise_exception=True)
    os.system(f'run {s.validated_data[\"count\"]}')
    os.system(f'run {s.validated_data[\"name\"]}')  # expect: command-injection


def other():
    os.system(f'run {Mode(request.args[\"mode\"]).value}')
    item = Item(**request.json)
    os.system(f'run {item.count}')
    os.system(f'run {item.name}')  # expect: command-injection
",
        ),
    ]);
}

#[test]
fn schemas_of_another_file_convert() {
    holds(&[
        (
            "src/schemas.ts",
            "\
import { z } from 'zod';
import Joi from 'joi';
export const Query = z.object({ sort: z.enum(['a', 'b']), page: z.coerce.number(), name: z.string() });
export const Body = Joi.object({ count: Joi.number(), name: Joi.string() });
export const Page = z.coerce.number();
",
        ),
        ("src/index.ts", "export * from './schemas';\n"),
        (
            "src/app.ts",
            "\
import express from 'express';
import { exec } from 'child_process';
import { Body, Page, Query } from './schemas';
import { Query as Again } from './index';
const app = express();
app.get('/a', (req, res) => {
  const { sort, page, name } = Query.parse(req.query);
  exec(`run ${sort} ${page} ${Page.parse(req.query.page)}`);
  exec(`run ${name}`); // expect: command-injection
  const result = Again.safeParse(req.query);
  if (!result.success) return res.sendStatus(400);
  exec(`run ${result.data.page}`);
  exec(`run ${result.data.name}`); // expect: command-injection
  const { value, error } = Body.validate(req.body);
  exec(`run ${value.count}`);
  exec(`run ${value.name}`); // expect: command-injection
});
",
        ),
    ]);
}

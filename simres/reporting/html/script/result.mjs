// The page of a result.

import { modelOf } from "./model.mjs";
import { page } from "./page.mjs";
import { timeline } from "./timeline.mjs";

const data = JSON.parse(document.getElementById("data").textContent);
page(data ? timeline(modelOf(data)) : null);

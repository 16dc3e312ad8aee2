function i(t,e={},...s){let r=document.createElement(t);for(let[o,l]of Object.entries(e))l!==!1&&r.setAttribute(o,l===!0?"":String(l));return r.append(...s),r}var a="latent-shapes/",m="latent-shapes-unreadable/",C=/^[a-z]+(\/[A-Za-z0-9_-]+){1,2}$/,L="This browser lets the site keep nothing, so what you do here lasts until the page is closed.",O="The browser's storage for this site is full, so what you do now lasts until the page is closed.",v=class{#i=new EventTarget;#s=new Map;#e;constructor(e){this.#e=B(e),e.addEventListener("storage",s=>{let{key:r,newValue:o,storageArea:l}=s;l===this.#e&&(r===null&&this.#r(""),r?.startsWith(a)&&(o===null&&this.#s.delete(r.slice(a.length)),this.#r(r.slice(a.length))))}),e.addEventListener("pageshow",s=>{s.persisted&&this.#r("")})}get problem(){return this.#e?this.#s.size?O:null:L}get(e){return this.entry(e)?.value}set(e,s){let r=this.entry(e)?.at??0;this.#l(e,{at:Math.max(Date.now(),r+1),value:s})}remove(e){this.#s.delete(e),this.#o(e)&&this.#e?.removeItem(a+e),this.#n(),this.#r(e)}keys(e=""){let s=this.#t(a).filter(o=>this.#o(o));return[...new Set([...s,...this.#s.keys()])].filter(o=>o.startsWith(e)).sort()}on(e){let s=r=>e(r.detail);return this.#i.addEventListener("change",s),()=>this.#i.removeEventListener("change",s)}entry(e){z(e);let[s,r]=[this.#s.get(e),this.#o(e)],o=s===void 0?void 0:f(s);return b(o,r)?o:r}merge(e,s){b(this.entry(e),s)||this.#l(e,s)}entries(){return new Map(this.keys().map(e=>[e,this.entry(e)]))}erase(){let[e,s]=[this.entries(),this.unreadable()];for(let r of[a,m])for(let o of this.#t(r))this.#e?.removeItem(r+o);return this.#s.clear(),this.#r(""),()=>{for(let[r,o]of e)this.merge(r,o);for(let{key:r,text:o}of s)this.#a(r,o);this.#r("")}}unreadable(){this.keys();let e=this.#t(m).map(r=>[r,m+r]),s=this.#t(a).map(r=>[r,a+r]);return[...e,...s].map(([r,o])=>({key:r,place:o,text:this.#e?.getItem(o)??""})).filter(({key:r,place:o,text:l})=>o.startsWith(m)||!w(r)||!f(l)).map(({key:r,text:o})=>({key:r,text:o}))}#l(e,{at:s,value:r}){if(z(e),r===void 0)throw new TypeError(`${e} is set to undefined: expected a JSON value`);this.#s.set(e,JSON.stringify({version:1,at:s,value:r})),this.#n(),this.#r(e)}#n(){if(this.#e)for(let[e,s]of this.#s){let r=this.#o(e);b(f(s),r)&&(!r&&this.#e.getItem(a+e)!==null||!this.#d(a+e,s))||this.#s.delete(e)}}#o(e){let s=this.#e?.getItem(a+e)??null;if(s===null)return;let r=w(e)?f(s):void 0;return!r&&this.#a(e,s)&&this.#e?.removeItem(a+e),r}#a(e,s){let r=new Set(this.#t(m)),o=e;for(let l=2;r.has(o);l+=1)o=`${e}#${l}`;return this.#d(m+o,s)}#d(e,s){try{return this.#e?.setItem(e,s),!0}catch{return!1}}#t(e){let s=this.#e;return Array.from({length:s?.length??0},(o,l)=>s?.key(l)??"").filter(o=>o.startsWith(e)).map(o=>o.slice(e.length))}#r(e){this.#i.dispatchEvent(new CustomEvent("change",{detail:e}))}},w=t=>C.test(t);function z(t){if(!w(t))throw new TypeError(`'${t}' is no key: expected kind/lab or kind/lab/name`)}function B(t){try{let e=t.localStorage??null;return e?.getItem(a),e?.forgetful===!0?null:e}catch{return null}}function f(t){let e;try{e=JSON.parse(t)}catch{return}let{version:s,at:r,value:o}=e??{};return s===1&&D(r)&&o!==void 0?{at:r,value:o}:void 0}var D=t=>typeof t=="number"&&t>=0&&t<1e15,b=(t,e)=>t!==void 0&&(e===void 0||t.at>=e.at),W=Symbol.for("latent-shapes/store"),q=globalThis.window??new EventTarget,h=q[W]??=new v(q);var T=`.ls-figure, .ls-predict, .ls-verdict {
  --ls-ink: #1f2430; --ls-soft: #5a6372; --ls-line: #d5d9e0; --ls-paper: #ffffff; --ls-wash: #f5f6f8;
  --ls-accent: #4b45a1; --ls-ochre: #8a6d00; --ls-good: #0a7358; --ls-bad: #a84a06;
  --ls-B: #5a6372; --ls-C: #a3306b; --ls-T: #a84a06; --ls-H: #1a65ae; --ls-W: #0a7358; --ls-D: #566b00; --ls-S: #1f2430;
  color: var(--ls-ink); line-height: 1.45;
}
@media not print {
html[data-theme="dark"] :is(.ls-figure, .ls-predict, .ls-verdict),
html[theme="dark"] :is(.ls-figure, .ls-predict, .ls-verdict),
[data-jp-theme-light="false"] :is(.ls-figure, .ls-predict, .ls-verdict) {
  --ls-ink: #e4e7ee; --ls-soft: #b3bdcc; --ls-line: #414857; --ls-paper: #15181f; --ls-wash: #1f232c;
  --ls-accent: #b0acf5; --ls-ochre: #d9b94a; --ls-good: #63d0b0; --ls-bad: #f5a962;
  --ls-B: #b3bdcc; --ls-C: #f29ac4; --ls-T: #f5a962; --ls-H: #86bdf5; --ls-W: #63d0b0; --ls-D: #bfd15c; --ls-S: #e4e7ee;
}
}
.ls-figure { margin: .6rem 0 1.4rem; }
.ls-figure > figcaption { color: var(--ls-soft); font-size: .9em; margin-top: .6rem; text-align: left; }
.ls-figure .ls-kind { border: 1px solid var(--ls-line); border-radius: 1em; font-size: .82em; padding: .05em .6em; white-space: nowrap; }
.ls-figure svg { color: var(--ls-ink); display: block; height: auto; max-width: 100%; }
.ls-figure svg text { font-family: inherit !important; }
.ls-shape { display: inline-flex; font-family: var(--ls-mono, ui-monospace, monospace); gap: .15rem; vertical-align: middle; }
.ls-dim { align-items: center; border-radius: .3rem; color: var(--axis); background: color-mix(in srgb, var(--axis) 11%, var(--ls-paper)); display: inline-flex; flex-direction: column; font-weight: 600; line-height: 1.15; min-width: 1.7rem; padding: .2rem .4rem .15rem; }
.ls-dim small { font-size: .7em; font-weight: 400; }
.ls-figure .ls-path { align-items: flex-start; display: flex; flex-direction: column; margin: 0 !important; padding: 0 !important; }
.ls-figure .ls-path li { list-style: none !important; margin: 0; padding: 0; }
.ls-figure .ls-path .ls-arrow { border-left: 2px solid var(--ls-line); color: var(--ls-soft); font-size: .92em; margin: 0 0 .25rem 1.2rem; padding: .5rem 0 .5rem .9rem; position: relative; }
.ls-path .ls-arrow::after { border: solid var(--ls-line); border-width: 0 2px 2px 0; bottom: 0; content: ""; height: .5rem; left: calc(-.25rem - 2px); position: absolute; transform: rotate(45deg); width: .5rem; }
.ls-path .ls-place { color: var(--ls-ink); font-size: .95em; margin-left: .6rem; }
.ls-lanes { display: grid; gap: 1.5rem; grid-template-columns: repeat(auto-fit, minmax(17rem, 1fr)); }
.ls-lanes .ls-title { color: var(--ls-ink); font-weight: 600; margin: 0 0 .6rem; }
.ls-groups { display: flex; flex-wrap: wrap; gap: .5rem .6rem; }
.ls-group { align-items: center; display: flex; flex-direction: column; gap: .3rem; }
.ls-cells { display: flex; gap: 2px; }
.ls-cell { background: color-mix(in srgb, var(--ls-T) 14%, var(--ls-paper)); border: 1px solid var(--ls-T); border-radius: 2px; color: var(--ls-ink); font: .72rem/1.55rem var(--ls-mono, ui-monospace, monospace); text-align: center; width: 1.55rem; }
.ls-latent { background: var(--ls-T); border-radius: 3px; color: var(--ls-paper); font: 600 .78rem/1.6rem var(--ls-mono, ui-monospace, monospace); padding: 0 .3rem; min-width: 1.55rem; text-align: center; width: 100%; box-sizing: border-box; }
.ls-lost .ls-cell { background: none; border-style: dashed; border-color: var(--ls-soft); color: var(--ls-soft); }
.ls-lost .ls-latent { background: none; border: 1px dashed var(--ls-soft); color: var(--ls-soft); font-weight: 400; line-height: 1.5rem; }
.ls-stack { display: grid; gap: 1.2rem; }
.ls-stack .ls-title { color: var(--ls-ink); font-weight: 600; margin: 0 0 .4rem; }
.ls-reach { display: grid; gap: 2px; grid-template-columns: 1.8rem repeat(var(--ls-count), minmax(0, 1.55rem)); }
.ls-reach .ls-name { color: var(--ls-soft); font: .72rem/1.3rem var(--ls-mono, ui-monospace, monospace); text-align: center; }
.ls-reach :is(.ls-on, .ls-off) { border: 1px solid var(--ls-T); border-radius: 2px; box-sizing: border-box; height: 1.3rem; }
.ls-reach .ls-on { background: var(--ls-T); }
.ls-reach .ls-off { border-color: var(--ls-line); }
.ls-strips { align-items: center; display: grid; gap: .35rem .8rem; grid-template-columns: max-content 1fr; }
.ls-strips .ls-label { color: var(--ls-ink); font-size: .92em; }
.ls-strip { display: grid; gap: 1px; grid-template-columns: repeat(var(--ls-count), minmax(0, 1.2rem)); }
.ls-strip span, .ls-legend span { border: 1px solid transparent; border-radius: 2px; box-sizing: border-box; font: .72rem/1.15rem var(--ls-mono, ui-monospace, monospace); height: 1.25rem; text-align: center; }
.ls-ticks span { color: var(--ls-soft); white-space: nowrap; display: flex; justify-content: center; }
.ls-mark-0 { background: var(--ls-T); color: var(--ls-paper); }
.ls-mark-1 { background: color-mix(in srgb, var(--ls-T) 18%, var(--ls-paper)); color: var(--ls-ink); }
.ls-strip .ls-mark-2, .ls-legend .ls-mark-2 { border-color: var(--ls-T); color: var(--ls-ink); }
.ls-strip .ls-mark-3, .ls-legend .ls-mark-3 { border-color: var(--ls-line); color: var(--ls-soft); }
.ls-figure .ls-legend { display: flex; flex-wrap: wrap; font-size: .9em; gap: .3rem 1.2rem; list-style: none; margin: .8rem 0 0; padding: 0; }
.ls-legend li { margin: 0; }
.ls-legend span { display: inline-block; margin-right: .3rem; width: 1.2rem; }
@media (max-width: 34rem) { .ls-strips { grid-template-columns: 1fr; } .ls-strips > span:empty { display: none; } .ls-strip span { font-size: .5rem; } }
.ls-bars { display: grid; gap: .25rem .8rem; grid-template-columns: minmax(0, auto) 1fr; align-items: center; }
@media (max-width: 34rem) { .ls-bars { grid-template-columns: 1fr; } .ls-bars .ls-track { margin-bottom: .4rem; } }
.ls-bars .ls-label { color: var(--ls-ink); font-size: .92em; }
.ls-bars .ls-track { display: flex; align-items: center; gap: .5rem; min-width: 0; }
.ls-bars .ls-bar { background: var(--ls-accent); border-radius: 0 3px 3px 0; flex: none; height: 1.1rem; min-width: 2px; }
.ls-bars .ls-value { color: var(--ls-soft); font: .85em var(--ls-mono, ui-monospace, monospace); white-space: nowrap; }
.ls-ruler { --ls-name: 6.6rem; --ls-room: 8.4rem; }
.ls-ruler p { color: var(--ls-ink); font-weight: 600; margin: 0 0 .25rem; }
.ls-ruler p small { color: var(--ls-soft); font-size: .85em; font-weight: 400; margin-left: .4rem; white-space: nowrap; }
.ls-figure .ls-ruler ol { list-style: none; margin: 0 0 1.1rem !important; padding: 0 !important; }
.ls-figure .ls-ruler li { list-style: none !important; align-items: center; display: grid; grid-template-columns: var(--ls-name) 1fr var(--ls-room); margin: 0; padding: 0; }
.ls-ruler .ls-place { color: var(--ls-soft); display: inline-block; font: .75rem var(--ls-mono, ui-monospace, monospace); width: 1.1rem; }
.ls-ruler .ls-axis { color: var(--axis); font-size: .92em; white-space: nowrap; }
.ls-ruler .ls-axis b { font-family: var(--ls-mono, ui-monospace, monospace); margin-right: .25rem; }
.ls-ruler .ls-gauge { background: repeating-linear-gradient(to right, var(--ls-line) 0 1px, transparent 1px calc(100% / var(--ls-steps))); align-self: stretch; min-height: 1.75rem; margin-left: .7rem; position: relative; }
.ls-ruler .ls-gauge > * { box-sizing: border-box; height: 1.35rem; left: -.7rem; position: absolute; top: calc(50% - .675rem); width: calc(.7rem + 100% * var(--ls-at)); }
.ls-ruler .ls-was { border: 1px dashed var(--axis); border-radius: 3px; opacity: .65; }
.ls-ruler .ls-bar { background: color-mix(in srgb, var(--axis) 22%, var(--ls-paper)); border: 1px solid var(--axis); border-radius: 3px; print-color-adjust: exact; -webkit-print-color-adjust: exact; }
.ls-ruler .ls-bar i { border-left: 1px solid var(--axis); bottom: 0; height: 35%; left: calc(.7rem + (100% - .7rem) * var(--ls-at)); position: absolute; }
.ls-ruler .ls-bar i.ls-double { height: 70%; }
.ls-ruler .ls-size { color: var(--ls-soft); font-size: .85em; padding-left: .7rem; white-space: nowrap; }
.ls-ruler .ls-size b { color: var(--axis); font: 600 1.12em var(--ls-mono, ui-monospace, monospace); }
.ls-ruler .ls-size span { display: block; font-size: .92em; line-height: 1.1; }
.ls-ruler .ls-scale { color: var(--ls-soft); display: block; font: .75rem var(--ls-mono, ui-monospace, monospace); height: 1.2rem; margin: -.8rem var(--ls-room) 0 calc(var(--ls-name) + .7rem); position: relative; }
.ls-ruler .ls-scale span { left: calc(100% * var(--ls-at)); position: absolute; transform: translateX(-50%); }
@media (max-width: 34rem) { .ls-ruler { --ls-name: 6.7rem; --ls-room: 5.6rem; } .ls-ruler .ls-size { line-height: 1.1; padding-left: .4rem; } .ls-ruler .ls-size b { display: block; } }
.ls-pictures { display: grid; gap: .9rem .5rem; grid-template-columns: var(--ls-columns, repeat(auto-fill, minmax(min(10rem, 40%), 1fr))); }
.ls-pictures figure { margin: 0; }
.ls-pictures img { background: none; border-radius: 3px; display: block; height: auto; width: 100%; }
.ls-pictures img.ls-cells-image { image-rendering: pixelated; }
.ls-pictures figcaption { color: var(--ls-ink); font-size: .85em; margin-top: .25rem; }
.ls-pictures figcaption span { color: var(--ls-soft); display: block; }
.ls-riddles { align-items: start; display: grid; gap: 1.2rem; grid-template-columns: repeat(auto-fill, minmax(min(17rem, 100%), 1fr)); }
.ls-riddles > .ls-wide { grid-column: 1 / -1; }
.ls-riddles > div { border-top: 1px solid var(--ls-line); padding-top: .5rem; }
.ls-riddles p { color: var(--ls-ink); font-weight: 600; margin: 0 0 .3rem; }
.ls-riddles img { background: none; display: block; height: auto; max-height: 13rem; object-fit: contain; object-position: left; width: 100%; }
.ls-riddles details { background: none; border: 0; margin: .5rem 0 0; padding: 0; }
.ls-riddles summary { color: var(--ls-accent); cursor: pointer; font-size: .92em; list-style-position: inside; padding: .3rem 0; }
.ls-riddles details p { margin: .3rem 0 .5rem; }
.ls-riddles p span { font-weight: 400; }
.ls-riddles dl { margin: .6rem 0 0; }
.ls-riddles dt { color: var(--ls-soft); font-size: .85em; font-weight: 400; margin-top: .4rem; }
.ls-riddles dd { margin: 0; }
.ls-riddles dd code { background: var(--ls-wash); border: 0; color: var(--ls-ink); display: block; font: .78rem/1.45 var(--ls-mono, ui-monospace, monospace); overflow-wrap: anywhere; padding: .3rem .5rem; white-space: pre-wrap; }
.ls-rows { border-collapse: collapse; font-size: .88em; margin: 0; width: 100%; }
.ls-figure .ls-rows tr > :is(th, td) { background: none; border: 0; border-top: 1px solid var(--ls-line); box-shadow: none; color: var(--ls-ink); padding: .5rem .6rem .5rem 0; text-align: left; vertical-align: top; white-space: normal; }
.ls-figure .ls-rows thead tr > th { border: 0; color: var(--ls-soft); font-weight: 400; }
.ls-figure .ls-rows tbody th { font-weight: 600; }
.ls-rows code { background: none; border: 0; color: var(--ls-ink); font: .88em/1.45 var(--ls-mono, ui-monospace, monospace); overflow-wrap: anywhere; padding: 0; white-space: normal; }
.ls-rows td:has(code) { min-width: 12rem; }
@media (max-width: 48rem) { .ls-rows :is(tr, tbody, th, td) { display: block; } .ls-rows thead { display: none; } .ls-figure .ls-rows tbody tr > :is(th, td) { border: 0; padding: 0; } .ls-rows tbody tr { border-top: 1px solid var(--ls-line); padding: .5rem 0; } .ls-rows td::before { color: var(--ls-soft); content: attr(data-head) ": "; } }
.ls-moving summary { color: var(--ls-soft); cursor: pointer; font-size: .9em; margin-bottom: .4rem; }
.ls-moving .ls-pictures { padding-bottom: .8rem; }
.ls-predict { border: 1px solid var(--ls-line); border-left: 4px solid var(--ls-accent); border-radius: .4rem; margin: .6rem 0; padding: .8rem 1rem; }
.ls-predict p { margin: 0 0 .6rem; }
.ls-predict details { background: none; border: 1px solid var(--ls-line); border-radius: .4rem; margin: .4rem 0; padding: 0; }
.ls-predict summary { cursor: pointer; list-style-position: outside; margin-left: 1.2rem; font-family: var(--ls-mono, ui-monospace, monospace); padding: .45rem .8rem .45rem 0; }
.ls-predict details p { border-top: 1px solid var(--ls-line); margin: 0; padding: .6rem .8rem; }
.ls-predict .ls-right { color: var(--ls-good); font-weight: 600; }
.ls-predict .ls-wrong { color: var(--ls-bad); font-weight: 600; }
.ls-verdict { border-left: 4px solid var(--ls-bad); margin: .6rem 0; padding: .4rem .9rem; }
.ls-verdict.ls-solved { border-color: var(--ls-good); }
.ls-verdict.ls-untouched { border-color: var(--ls-line); color: var(--ls-soft); }
`;var E=`.ls-question fieldset { border: 0; margin: 0; min-width: 0; padding: 0; }
.ls-question legend { color: var(--ls-ink); float: none; font-size: 1em; line-height: 1.5; margin: 0 0 .7rem; padding: 0; width: 100%; }
.ls-question .ls-option { align-items: center; background: var(--ls-paper); border: 1px solid var(--ls-soft); border-radius: .4rem; box-sizing: border-box; cursor: pointer; display: flex; gap: .7rem; margin: 0 0 .45rem; min-height: 2.75rem; padding: .45rem .8rem; }
.ls-question .ls-option:has(:disabled) { border-color: var(--ls-line); cursor: default; }
.ls-question .ls-option:has(:checked) { border-color: var(--ls-accent); box-shadow: inset 0 0 0 1px var(--ls-accent); }
.ls-question .ls-option:has(:focus-visible) { outline: 2px solid var(--ls-accent); outline-offset: 2px; }
.ls-question .ls-option input { accent-color: var(--ls-accent); flex: none; height: 1.15rem; margin: 0; width: 1.15rem; }
.ls-question .ls-option input:focus-visible { outline: none; }
.ls-question .ls-answer { color: var(--ls-ink); flex: 1; font-family: var(--ls-mono, ui-monospace, monospace); font-size: .93em; min-width: 0; overflow-wrap: anywhere; }
.ls-question .ls-words { font: inherit; }
.ls-question .ls-bad .ls-answer { color: var(--ls-soft); text-decoration: line-through; }
.ls-question .ls-was { color: var(--ls-bad); flex: none; font-size: .88em; font-weight: 600; }
.ls-question .ls-good { border-color: var(--ls-good); box-shadow: inset 0 0 0 1px var(--ls-good); }
.ls-question .ls-good .ls-was { color: var(--ls-good); }
.ls-question .ls-buttons { display: flex; flex-wrap: wrap; gap: .6rem; margin-top: .8rem; }
.ls-question button { background: none; border: 1px solid var(--ls-accent); border-radius: .4rem; color: var(--ls-accent); cursor: pointer; font: inherit; font-weight: 600; min-height: 2.75rem; padding: .3rem 1.1rem; }
.ls-question .ls-commit { background: var(--ls-accent); color: var(--ls-paper); }
.ls-question button:focus-visible { outline: 2px solid var(--ls-accent); outline-offset: 2px; }
.ls-question [hidden] { display: none; }
.ls-question .ls-feedback:not(:empty) { border-top: 1px solid var(--ls-line); margin-top: .9rem; padding-top: .7rem; }
.ls-question .ls-feedback p { margin: 0 0 .4rem; }
.ls-question .ls-feedback .ls-unkept { color: var(--ls-soft); font-size: .9em; }
.ls-question code { background: var(--ls-wash); border: 0; border-radius: .2rem; color: var(--ls-ink); font: .9em var(--ls-mono, ui-monospace, monospace); overflow-wrap: anywhere; padding: .1em .3em; }
.ls-question .ls-option code { background: none; font: inherit; padding: 0; }
.ls-question a { color: var(--ls-accent); }
@media print { .ls-question .ls-buttons { display: none; } }
`;var p="right";function x(t,e){let s=t&&Number.isInteger(t.tries)&&t.tries>0,{first:r,last:o,tries:l}=s?t:{tries:0},d={...s?{first:r,last:o}:{},tries:l},n=e.instances.find(({drawn:u})=>u===t?.instance),c=n?.options.map(({rule:u})=>u),$=Array.isArray(t?.tried)&&t.tried.every(u=>c?.includes(u));return!n||!$||![p,"shown",null].includes(t.over)?{...d,instance:e.instances[0].drawn,tried:[],over:null}:{...d,instance:n.drawn,tried:t.tried,over:t.over}}function S({instance:t},{instances:e}){return e.find(({drawn:s})=>s===t)??e[0]}function I(t,{rule:e}){let s=e??p;return{first:t.first??s,last:s,tries:t.tries+1,instance:t.instance,tried:e===null?t.tried:[...t.tried,e],over:e===null?p:null}}var A=t=>({...t,over:"shown"});function N(t,{instances:e}){let s=e.findIndex(({drawn:r})=>r===t.instance);return{...t,instance:e[(s+1)%e.length].drawn,tried:[],over:null}}var R="the-starter-file",te={render:J};function J({model:t,el:e}){let s=t.get("question"),r=t.get("record")===void 0?K(s):M(t),o=new y(s,r);return e.replaceChildren(o.root),r.on(()=>o.follow())}function K({lab:t,id:e}){let s=`answer/${t}/${e}`;return{get:()=>h.get(s),set:r=>h.set(s,r),on:r=>h.on(o=>(o===s||o==="")&&r()),get problem(){return h.problem}}}function M(t){return{get:()=>t.get("record"),set:e=>{t.set("record",e),t.save_changes()},on:e=>(t.on("change:record",e),()=>t.off("change:record",e)),problem:null}}var y=class{constructor(e,s){this.question=e,this.keeper=s,this.answer=x(s.get(),e),this.options=i("fieldset"),this.commit=k("Commit",{type:"submit",class:"ls-commit"}),this.reveal=k("Show the answer",{type:"button"}),this.again=k(e.instances.length>1?"New numbers":"Ask me again",{type:"button"}),this.feedback=i("div",{class:"ls-feedback",role:"status"}),this.root=i("form",{class:"ls-predict ls-question",autocomplete:"off","data-lm-suppress-shortcuts":"true"},i("style",{},T+E),this.options,i("div",{class:"ls-buttons"},this.commit,this.reveal,this.again),this.feedback),this.root.addEventListener("submit",r=>{r.preventDefault(),this.take()}),this.reveal.addEventListener("click",()=>{this.become(A(this.answer)),this.again.focus()}),this.again.addEventListener("click",()=>{this.become(N(this.answer,e)),this.options.querySelector("input")?.focus()}),this.draw()}get instance(){return S(this.answer,this.question)}get chosen(){let e=this.options.querySelector("input:checked:enabled");return this.instance.options[Number(e?.value??NaN)]}take(){let e=this.chosen;if(!e){this.feedback.replaceChildren(i("p",{},"Choose an answer first; nothing is shown before.")),this.options.querySelector("input:enabled")?.focus();return}this.become(I(this.answer,e)),this.answer.over&&this.again.focus()}become(e){this.answer=e,this.keeper.set(e),this.draw()}follow(){let e=x(this.keeper.get(),this.question);JSON.stringify(e)!==JSON.stringify(this.answer)&&(this.answer=e,this.draw())}draw(){let{answer:e,instance:s,question:r}=this,o=this.chosen;this.options.replaceChildren(i("legend",{},...g(s.prompt)),...s.options.map((l,d)=>V(l,d,e,l===o))),this.commit.hidden=e.over!==null,this.reveal.hidden=e.over!==null||!e.tried.length,this.again.hidden=e.over===null,this.feedback.replaceChildren(..._(e,s)),e.tries&&this.keeper.problem&&this.feedback.append(i("p",{class:"ls-unkept"},this.keeper.problem)),this.root.dataset.over=e.over??"",this.root.setAttribute("data-question",r.id)}};function V({answer:t,rule:e},s,{tried:r,over:o},l){let d=e===null?o&&(o===p?"right":"the answer"):r.includes(e)&&"not this one",n=i("input",{type:"radio",name:"answer",value:String(s),disabled:o!==null||!!d,checked:l&&!d}),c=/[a-z]{3}/i.test(t)?"ls-answer ls-words":"ls-answer";return i("label",{class:d?`ls-option ${e===null?"ls-good":"ls-bad"}`:"ls-option"},n,i("span",{class:c},...g(t)),...d?[i("span",{class:"ls-was"},d)]:[])}function _({tried:t,over:e},{because:s,options:r,run:o}){let l=t.at(-1),d=r.find(c=>c.rule===null)?.answer??"",n=[];if(e===p)n.push(i("p",{},i("strong",{class:"ls-right"},"Right.")));else if(e)n.push(i("p",{},i("strong",{},"The answer: "),...g(`${d}.`)));else if(l!==void 0){let c=i("strong",{class:"ls-wrong"},"Not this one.");n.push(i("p",{},c," That is what you get when ",...g(`${l}.`)))}return n.length&&o&&n.push(G(o)),e&&n.push(i("p",{},...g(s))),n}function G(t){let e=document.getElementById(R)?i("a",{href:`#${R}`},"the starter file"):"the starter file";return i("p",{},"Run it: put ",i("code",{},`print(${t})`)," at the end of ",e,".")}var k=(t,e)=>i("button",e,t);function g(t){return t.replaceAll("B C T H W","B C T H W".replaceAll(" "," ")).split("`").map((s,r)=>r%2?i("code",{},s):s)}export{te as default};

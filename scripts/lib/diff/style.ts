/** Style of the page: one column, light and dark by the reader's setting, and all of it open on paper. */
export const style = `
:root{color-scheme:light dark;--text:light-dark(#1b1f24,#e6e8eb);--quiet:light-dark(#5b6470,#9aa4b0);--page:light-dark(#f6f7f9,#14171b);--card:light-dark(#fff,#1d2127);--line:light-dark(#d9dee4,#343b44);--accent:light-dark(#0b5cc0,#6db1ff);--add:light-dark(#116329,#6fdd8b);--del:light-dark(#a40e26,#ff9a9a);--warn:light-dark(#7a4300,#ffc66d);--addback:light-dark(#e6f6ea,#14301d);--delback:light-dark(#fdecee,#3a1a1e);--warnback:light-dark(#fff3df,#35280f);--tone0:light-dark(#2f6fbf,#4d8fe0);--tone1:light-dark(#d98a1f,#e0a04a);--tone2:light-dark(#3f9a5f,#5ab87b);--tone3:light-dark(#9461b8,#b187d4)}
*{box-sizing:border-box}
html{scroll-padding-top:4rem}
body{margin:0 auto;max-width:76rem;padding:1.5rem 1rem 4rem;background:var(--page);color:var(--text);font:16px/1.5 system-ui,sans-serif}
h1{margin:.2rem 0 .6rem;font-size:1.7rem;line-height:1.2}h2{margin:0 0 .3rem;font-size:1.3rem}h3{display:inline;margin:0;font-size:1rem}
p{margin:.3rem 0}ul{margin:0;padding:0;list-style:none}a{color:var(--accent)}
.quiet{color:var(--quiet);font-weight:400;font-size:.875rem}
code,th,pre{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;font-size:.85rem}code{overflow-wrap:anywhere}
:focus-visible{outline:2px solid var(--accent);outline-offset:2px;border-radius:.3rem}
nav{position:sticky;top:0;z-index:1;display:flex;gap:.3rem;margin:0 -1rem 1rem;padding:.5rem 1rem;overflow-x:auto;background:var(--page);border-bottom:1px solid var(--line)}
nav a{padding:.25rem .8rem;border:1px solid var(--line);border-radius:2rem;background:var(--card);color:inherit;text-decoration:none;white-space:nowrap;font-weight:600;font-size:.9rem}nav a:hover{border-color:var(--accent)}.count{color:var(--quiet);font-weight:400}
.card,figure,.application{background:var(--card);border:1px solid var(--line);border-radius:.6rem}
.cards{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,15rem),1fr));gap:.8rem}
.card{padding:.8rem 1rem}.card h2 a{color:inherit;text-decoration:none}.card h2 a:hover{text-decoration:underline}.card ul{margin:.5rem 0}.card li{padding:.15rem 0;overflow-wrap:anywhere}
.badge{display:inline-block;padding:.05rem .55rem;border:1px solid var(--line);border-radius:1rem;font-size:.8rem;color:var(--quiet)}
.manual,.none,.effect{color:var(--warn);border-color:transparent;background:var(--warnback)}
section{margin-top:2.5rem;padding-top:1rem;border-top:2px solid var(--line)}section>h3{display:block;margin-top:1rem}
.splits{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,21rem),1fr));gap:.8rem;margin:.4rem 0 .8rem}
figure{margin:0;padding:.8rem 1rem;min-width:0}figcaption{margin-bottom:.4rem;font-size:.9rem}
.split{display:flex;align-items:center;gap:.5rem}.split .quiet{width:3.2rem}.bar{display:flex;flex:1;gap:2px;height:.8rem;border-radius:.25rem;overflow:hidden}
.tone0{background:var(--tone0);fill:var(--tone0)}.tone1{background:var(--tone1);fill:var(--tone1)}.tone2{background:var(--tone2);fill:var(--tone2)}.tone3{background:var(--tone3);fill:var(--tone3)}
.legend{display:flex;flex-wrap:wrap;gap:0 1rem;font-size:.875rem}.dot,.key::before{display:inline-block;width:.7rem;height:.7rem;margin-right:.35rem;border-radius:.15rem}
.key::before{content:"";border:2px solid}.key.touched::before{color:var(--accent)}.key.new::before{color:var(--add);background:var(--addback)}.key.gone::before{color:var(--del);border-style:dashed;background:var(--delback)}
.graph{margin:.8rem 0}.graph figcaption{display:flex;flex-wrap:wrap;gap:0 1.5rem;font-weight:600}.graph .legend{font-weight:400}.scroll{overflow:auto;max-height:64rem}.scroll svg{display:block;margin:0 auto}.narrow{display:none}.arrows{position:absolute}
.box{fill:var(--page);stroke:var(--line)}.touched .box{stroke:var(--accent);stroke-width:2.5}.new .box{fill:var(--addback);stroke:var(--add);stroke-width:2}.gone .box{fill:var(--delback);stroke:var(--del);stroke-width:2;stroke-dasharray:5 4}
.edge{fill:none;stroke:var(--quiet);stroke-width:1.4;opacity:.75}.edge.new{stroke:var(--add);stroke-width:2;opacity:1}.edge.gone{stroke:var(--del);stroke-width:2;stroke-dasharray:5 4;opacity:1}
marker path{fill:var(--quiet)}marker.new path{fill:var(--add)}marker.gone path{fill:var(--del)}
.name{fill:var(--text);font:600 14px system-ui,sans-serif}.detail{fill:var(--quiet);font:12px system-ui,sans-serif}
summary{cursor:pointer}.application{margin:.6rem 0;padding:.6rem .9rem}.application>summary{overflow-wrap:anywhere}
.object{margin:.5rem 0 0;padding:.5rem 0 0 .2rem;border-top:1px solid var(--line)}.object>summary{overflow-wrap:anywhere}
.mark{display:inline-block;min-width:4.2rem;font-size:.8rem;font-weight:600}.created{color:var(--add)}.removed{color:var(--del)}.changed{color:var(--accent)}
table{width:100%;margin-top:.4rem;border-collapse:collapse;font-size:.9rem;table-layout:fixed}th{text-align:left;font-weight:400;color:var(--quiet);overflow-wrap:anywhere;width:55%}td,th{padding:.25rem .5rem .25rem 0;border-top:1px solid var(--line);vertical-align:top}td{overflow-wrap:anywhere}
ins{color:var(--add);text-decoration:none;font-weight:600}del{color:var(--del)}.arrow{color:var(--quiet)}
.note{margin:.3rem 0 0;padding-left:.6rem;border-left:3px solid var(--warn);overflow-wrap:anywhere}
.yaml{margin-top:.3rem;color:var(--quiet)}pre{margin:.3rem 0;padding:.5rem .7rem;max-height:32rem;overflow:auto;border:1px solid var(--line);border-radius:.4rem;background:var(--page);color:var(--text);line-height:1.4}pre ins{font-weight:400;background:var(--addback)}pre del{text-decoration:none;background:var(--delback)}
@media(max-width:40rem){.wide{display:none}.narrow{display:block}.graph{padding:.8rem .3rem}.graph figcaption{padding:0 .5rem}th,td{display:block;width:auto}td{border-top:0;padding-top:0}h1{font-size:1.35rem}}
@media print{:root{color-scheme:light}.wide{display:block}.narrow{display:none}nav{display:none}body{max-width:none;padding:0}details::details-content{display:block;content-visibility:visible;height:auto}pre{max-height:none;white-space:pre-wrap}.scroll{overflow:visible;max-height:none}.scroll svg{max-width:100%;height:auto}figure,.card,.object{break-inside:avoid}}
`.replaceAll("\n", "");

// The panel: what is known, what is looked at, and who is told when either changes.
/** @import { EngineRecord, PanelInfo, RequestSummary } from '../types.ts' */
import { addressOf, go, place } from './address.js'
import { clearRequests, getEngines, getInfo, getRequest, getRequests, listen } from './api.js'
import { application, hints } from './application.js'
import { isPaused, miss, setConnected, togglePause } from './connection.js'
import { byId, fill, focusOn } from './dom.js'
import { colourOf } from './engine-colours.js'
import { fillFields, filterOfFields } from './filters.js'
import { openHelp } from './help.js'
import { startKeyboard } from './keyboard.js'
import { limitRequests, putRequest, replaceRequests, seen, showRequests } from './list.js'
import { requestPage } from './request.js'
import { newView } from './statements.js'
import { startTheme } from './theme.js'
import { empty } from './words.js'

/** @type {PanelInfo | null} */
let info = null
/** @type {readonly EngineRecord[]} */
let engines = []
let view = newView()
let shown = ''
/** @type {number | null} */
let shownId = null

function showFilter() {
  const { methods, engines: used } = seen()
  fillFields(place().filter, { methods, engines: [...new Set([...engines.map(({ name }) => name), ...used])] })
}

/** The address is another one, or what it shows. */
function showPlace() {
  const { request, filter } = place()
  showFilter()
  showRequests({ request, filter })
  byId('columns').classList.toggle('one', request !== null || place().view !== null)
  if (place().view === 'application') byId('application').setAttribute('aria-current', 'page')
  else byId('application').removeAttribute('aria-current')
  void showMain()
}

/** @type {ReturnType<typeof setTimeout> | undefined} */
let looking

/** Shows the request that is looked at, or the application. */
async function showMain() {
  const { request: id, view: other } = place()
  if (info === null) return
  if (id === null || other !== null) return showApplication(info)
  try {
    const request = await getRequest(id)
    if (place().request !== id || place().view !== null) return
    const text = JSON.stringify(request)
    clearTimeout(looking)
    // While it runs there is more to come, of which there are no events; and what ends late comes after its end.
    if (request.state === 'running' || shown !== text) looking = setTimeout(() => { if (!isPaused()) void showMain() }, 1000)
    if (shown === text) return
    if (shownId !== id) view = newView()
    shownId = id
    shown = text
    const key = document.activeElement instanceof HTMLElement ? document.activeElement.dataset['key'] : undefined
    document.title = `${request.method} ${request.url.slice(0, 60)} · sqlassist`
    fill(byId('main'), ...hints(info), requestPage(request, info, { view, tab: place().tab, onTab: (tab) => go({ tab }) }))
    if (key !== undefined) focusOn(key)
    if (!isPaused()) putRequest(request)
  } catch (error) {
    shown = ''
    fill(byId('main'), empty(`Request ${id} is not here. Only the last ${info.maxRequests} are kept, in memory. (${messageOf(error)})`))
  }
}

/** @param {unknown} error */
const messageOf = (error) => (error instanceof Error ? error.message : String(error))

/** @param {PanelInfo} known */
function showApplication(known) {
  shown = ''
  document.title = 'sqlassist'
  fill(byId('main'), application(known, engines))
}

/** @type {ReturnType<typeof setTimeout> | undefined} */
let refreshing

/** Pools and sessions of the application change with each request; they are asked for once a second at most, and only where they are seen. */
function refreshApplication() {
  if (place().request !== null && place().view === null) return
  refreshing ??= setTimeout(async () => {
    refreshing = undefined
    const before = JSON.stringify([info, engines])
    try {
      info = await getInfo()
      engines = await getEngines()
    } catch {
      return // what says so is the connection
    }
    const isInUse = byId('main').contains(document.activeElement)
    if (!isPaused() && !isInUse && JSON.stringify([info, engines]) !== before) await showMain()
  }, 1000)
}

/** Asks for everything anew. */
async function load() {
  try {
    const [nextInfo, nextEngines, requests] = await Promise.all([getInfo(), getEngines(), getRequests()])
    info = nextInfo
    engines = nextEngines
    for (const { name } of engines) colourOf(name)
    limitRequests(info.maxRequests)
    replaceRequests(requests)
    showPlace()
  } catch (error) {
    if (info === null) fill(byId('main'), empty(`The panel's data is not to be had: ${messageOf(error)}`))
  }
}

/** @param {RequestSummary} summary */
function hear(summary) {
  if (isPaused()) {
    if (summary.state === 'running') miss()
    return
  }
  putRequest(summary)
  showFilter()
  if (summary.id === place().request) void showMain()
  refreshApplication()
}

function pause() {
  if (!togglePause()) void load()
}

/** @param {Parameters<typeof go>[0]} change */
function goTo(change) {
  go(change)
  showPlace()
}

function back() {
  const { request } = place()
  if (request === null && place().view === null) return
  goTo({ request: null, view: null })
  for (const link of document.querySelectorAll('#list a')) if (link instanceof HTMLElement && Number(link.dataset['id']) === request) link.focus()
}

/** Links lead within the page, unless they are opened elsewhere. @param {MouseEvent} event */
function follow(event) {
  const link = event.target instanceof Element ? event.target.closest('a[href^="?"]') : null
  if (!(link instanceof HTMLAnchorElement) || event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) return
  event.preventDefault()
  const { id } = link.dataset
  if (id !== undefined) goTo({ request: Number(id), view: null })
  else if ('back' in link.dataset) back()
  else goTo(link.id === 'application' ? { request: null, view: 'application' } : { request: null, view: null })
  if (id !== undefined) byId('main').scrollTop = 0
}

startTheme()
startKeyboard({ back, pause, application: () => goTo({ request: null, view: 'application' }) })
byId('pause').addEventListener('click', pause)
byId('help').addEventListener('click', openHelp)
byId('clear').addEventListener('click', () => void clearRequests().then(() => goTo({ request: null, view: null })).then(load))
byId('filters').addEventListener('submit', (event) => event.preventDefault())
byId('filters').addEventListener('input', () => { go({ filter: filterOfFields() }); showRequests(place()) })
byId('no-requests').addEventListener('click', (event) => { if (event.target instanceof HTMLButtonElement) goTo({ filter: {} }) })
document.addEventListener('click', follow)
addEventListener('popstate', showPlace)
byId('home').setAttribute('href', addressOf({ request: null, view: null, tab: null }))
listen({
  opened() {
    setConnected(true)
    void load()
  },
  lost() {
    setConnected(false)
  },
  request: hear,
})
